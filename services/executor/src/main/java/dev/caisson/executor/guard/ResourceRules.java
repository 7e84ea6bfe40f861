package dev.caisson.executor.guard;

import dev.caisson.proto.types.v1.Resources;
import java.util.OptionalLong;

/** How much of the host one container may use. */
final class ResourceRules {
  private ResourceRules() {}

  static void check(GuardPolicy.Limits limits, Resources resources) {
    check(
        "limits.pids",
        "resources.pids.limit",
        limits.pids(),
        resources.getPids().hasLimit(),
        resources.getPids().getLimit());
    check(
        "limits.memory-bytes",
        "resources.memory.limit",
        limits.memoryBytes(),
        resources.getMemory().hasLimit(),
        resources.getMemory().getLimit());
  }

  /**
   * @param given whether there is one; below 0 it is none
   */
  private static void check(
      String rule, String field, OptionalLong most, boolean given, long limit) {
    boolean bounded = given && limit >= 0;
    if (most.isPresent() && (!bounded || limit > most.getAsLong())) {
      throw HostRules.refused(
          rule,
          "On this host each container must have "
              + field
              + ", and at most "
              + most.getAsLong()
              + "; this has "
              + (bounded ? limit : "none")
              + ".");
    }
  }
}
