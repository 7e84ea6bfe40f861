package dev.caisson.executor.guard;

import dev.caisson.proto.types.v1.Resources;
import java.util.OptionalLong;

/** How much of the host one container may use. */
final class ResourceRules {
  private ResourceRules() {}

  static void check(GuardPolicy.Limits limits, Resources resources) {
    checkPids(limits, resources);
    checkMemory(limits, resources);
  }

  /** What is not given stays, and was checked when it was. */
  static void checkUpdate(GuardPolicy.Limits limits, Resources resources) {
    if (resources.getPids().hasLimit()) {
      checkPids(limits, resources);
    }
    if (resources.getMemory().hasLimit()) {
      checkMemory(limits, resources);
    }
  }

  private static void checkPids(GuardPolicy.Limits limits, Resources resources) {
    check(
        "limits.pids",
        "resources.pids.limit",
        limits.pids(),
        resources.getPids().hasLimit(),
        resources.getPids().getLimit());
  }

  private static void checkMemory(GuardPolicy.Limits limits, Resources resources) {
    check(
        "limits.memory-bytes",
        "resources.memory.limit",
        limits.memoryBytes(),
        resources.getMemory().hasLimit(),
        resources.getMemory().getLimit());
  }

  /**
   * What reaches beyond the cgroup: who comes before all others, cannot be ended for lack of
   * memory, or is somebody to the host's own rules of its network.
   */
  static void checkPowers(GuardPolicy policy, Resources resources) {
    Resources.Cpu cpu = resources.getCpu();
    if (!policy.realTime() && (cpu.hasRealtimeRuntime() || cpu.hasRealtimePeriod())) {
      throw HostRules.refused(
          "scheduling.realtime",
          "On this host no cgroup has time for real-time processes: leave"
              + " resources.cpu.realtime_runtime and realtime_period away.");
    }
    if (!policy.oomKillerDisable() && resources.getMemory().getDisableOomKiller()) {
      throw HostRules.refused(
          "oom-killer.disable",
          "On this host whoever is out of memory is killed: leave"
              + " resources.memory.disable_oom_killer away.");
    }
    if (!policy.networkMarks() && resources.hasNetwork()) {
      throw HostRules.refused(
          "networks.marks", "On this host no cgroup marks packets: leave resources.network away.");
    }
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
