package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.Process;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The hard limits that the executor has, and every process inherits from it. In a user namespace
 * nobody can raise them: the kernel asks for the host's CAP_SYS_RESOURCE. The executor does, for a
 * process that waits for it.
 *
 * @param hard by the numbers of asm-generic/resource.h, unsigned; what is not there is unlimited
 * @param raises whether the executor has that capability
 * @param openFiles {@code fs.nr_open}: nobody's RLIMIT_NOFILE is above
 */
public record HostLimits(Map<Integer, Long> hard, boolean raises, long openFiles) {
  /** Of limits. */
  public static final int COUNT = Rlimit.values().length;

  private static final long UNLIMITED = -1;

  /**
   * A limit to be raised before the process sets it.
   *
   * @param field of the specification
   */
  public record Raised(String field, String name, int number, long hard) {}

  public HostLimits {
    hard = Map.copyOf(hard);
  }

  public static boolean isLimit(String name) {
    return Stream.of(Rlimit.values()).anyMatch(limit -> limit.name().equals(name));
  }

  static HostLimits none() {
    return new HostLimits(Map.of(), false, UNLIMITED);
  }

  /**
   * Those of the process that are above what it inherits.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if one cannot be
   */
  public List<Raised> raisedBy(Process process) {
    List<Raised> raised = new ArrayList<>();
    for (int i = 0; i < process.getRlimitsCount(); i++) {
      var wanted = process.getRlimits(i);
      Rlimit limit = ProcessRules.rlimit(wanted.getType());
      long inherited = hard.getOrDefault(limit.number(), UNLIMITED);
      if (Long.compareUnsigned(wanted.getHard(), inherited) > 0) {
        String field = "process.rlimits[" + i + "].hard";
        requirePossible(field, limit, wanted.getHard(), inherited);
        raised.add(new Raised(field, limit.name(), limit.number(), wanted.getHard()));
      }
    }
    return raised;
  }

  private void requirePossible(String field, Rlimit limit, long wanted, long inherited) {
    if (limit == Rlimit.RLIMIT_NOFILE && Long.compareUnsigned(wanted, openFiles) > 0) {
      throw unsupported(
          field,
          "is above fs.nr_open of this host, " + Long.toUnsignedString(openFiles),
          "raise that");
    }
    if (!raises) {
      throw unsupported(
          field,
          "is above the executor's own "
              + limit.name()
              + ", "
              + Long.toUnsignedString(inherited)
              + ", which takes CAP_SYS_RESOURCE to raise",
          "start the executor with a higher limit");
    }
  }

  private static RuntimeException unsupported(String field, String why, String other) {
    String sentence = field + " " + why + ": lower it, or " + other + ".";
    return Refusal.hostLacks(field, sentence).exception();
  }
}
