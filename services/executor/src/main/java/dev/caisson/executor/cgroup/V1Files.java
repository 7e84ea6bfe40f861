package dev.caisson.executor.cgroup;

import java.util.ArrayList;
import java.util.List;

/**
 * What a limit is in v1's files, in an order in which a new cgroup takes them: the limit before
 * memory and swap together, the period before the quota.
 */
final class V1Files {
  static final String MEMORY = "memory.limit_in_bytes";
  static final String SWAP = "memory.memsw.limit_in_bytes";
  static final String QUOTA = "cpu.cfs_quota_us";
  static final String PERIOD = "cpu.cfs_period_us";

  private V1Files() {}

  static List<Setting> settings(Limits limits) {
    List<Setting> all = new ArrayList<>();
    limits.memory().ifPresent(v -> all.add(memory(MEMORY, v, "memory.limit")));
    limits.swap().ifPresent(v -> all.add(memory(SWAP, v, "memory.swap")));
    limits
        .reservation()
        .ifPresent(v -> all.add(memory("memory.soft_limit_in_bytes", v, "memory.reservation")));
    limits.shares().ifPresent(v -> all.add(cpu("cpu.shares", v, "cpu.shares")));
    limits.period().ifPresent(v -> all.add(cpu(PERIOD, v, "cpu.period")));
    limits.quota().ifPresent(v -> all.add(cpu(QUOTA, v, "cpu.quota")));
    limits.cpus().ifPresent(v -> all.add(cpuset("cpuset.cpus", v, "cpu.cpus")));
    limits.mems().ifPresent(v -> all.add(cpuset("cpuset.mems", v, "cpu.mems")));
    limits.pids().ifPresent(v -> all.add(V2Files.pids(v)));
    return all;
  }

  private static Setting memory(String file, long value, String field) {
    return new Setting(Controller.MEMORY, file, Long.toString(value), "resources." + field);
  }

  private static Setting cpu(String file, long value, String field) {
    return new Setting(Controller.CPU, file, Long.toString(value), "resources." + field);
  }

  private static Setting cpuset(String file, IdList ids, String field) {
    return new Setting(Controller.CPUSET, file, ids.text(), "resources." + field);
  }
}
