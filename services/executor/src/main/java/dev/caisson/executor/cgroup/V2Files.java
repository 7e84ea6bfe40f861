package dev.caisson.executor.cgroup;

import java.util.ArrayList;
import java.util.List;

/** What a limit is in v2's files. Source: the kernel's Documentation/admin-guide/cgroup-v2.rst. */
final class V2Files {
  static final String CPU_MAX = "cpu.max";
  static final String MAX = "max";

  private V2Files() {}

  /**
   * In the order of writing.
   *
   * @param quotaNow what {@code cpu.max} has as its quota, for a period that comes without one
   */
  static List<Setting> settings(Limits limits, String quotaNow) {
    List<Setting> all = new ArrayList<>();
    limits.memory().ifPresent(v -> all.add(memory("memory.max", v, "limit")));
    limits.swap().ifPresent(v -> all.add(memory("memory.swap.max", swap(limits, v), "swap")));
    limits.reservation().ifPresent(v -> all.add(memory("memory.low", v, "reservation")));
    limits.shares().ifPresent(v -> all.add(cpu("cpu.weight", weight(v), "shares")));
    if (limits.quota().isPresent() || limits.period().isPresent()) {
      all.add(
          cpu(CPU_MAX, cpuMax(limits, quotaNow), limits.quota().isPresent() ? "quota" : "period"));
    }
    limits.cpus().ifPresent(v -> all.add(cpuset("cpuset.cpus", v, "cpus")));
    limits.mems().ifPresent(v -> all.add(cpuset("cpuset.mems", v, "mems")));
    limits.pids().ifPresent(v -> all.add(pids(v)));
    return all;
  }

  /** v2 counts swap alone. */
  private static long swap(Limits limits, long together) {
    return together == Limits.UNLIMITED
        ? Limits.UNLIMITED
        : together - limits.memory().orElseThrow();
  }

  /** 2 to 262,144 onto 1 to 10,000, as every container runtime maps them. */
  static String weight(long shares) {
    return Long.toString(1 + (shares - 2) * 9_999 / 262_142);
  }

  private static String cpuMax(Limits limits, String quotaNow) {
    String quota = limits.quota().isPresent() ? orMax(limits.quota().getAsLong()) : quotaNow;
    return limits.period().isPresent() ? quota + " " + limits.period().getAsLong() : quota;
  }

  private static Setting memory(String file, long value, String field) {
    return new Setting(Controller.MEMORY, file, orMax(value), "resources.memory." + field);
  }

  private static Setting cpu(String file, String value, String field) {
    return new Setting(Controller.CPU, file, value, "resources.cpu." + field);
  }

  private static Setting cpuset(String file, IdList ids, String field) {
    return new Setting(Controller.CPUSET, file, ids.text(), "resources.cpu." + field);
  }

  /** The same in both versions. */
  static Setting pids(long limit) {
    return new Setting(Controller.PIDS, "pids.max", orMax(limit), "resources.pids.limit");
  }

  private static String orMax(long value) {
    return value == Limits.UNLIMITED ? MAX : Long.toString(value);
  }
}
