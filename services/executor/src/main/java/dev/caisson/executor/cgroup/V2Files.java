package dev.caisson.executor.cgroup;

import dev.caisson.model.CpuShares;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BiPredicate;

/** What a limit is in v2's files. Source: the kernel's Documentation/admin-guide/cgroup-v2.rst. */
final class V2Files {
  static final String CPU_MAX = "cpu.max";
  static final String BURST = "cpu.max.burst";
  static final String WEIGHT = "cpu.weight";
  static final String MAX = "max";
  static final String SWAP = "memory.swap.max";

  /** The same in version 1. */
  static final String IDLE = "cpu.idle";

  static final String NO_CEILING = "rbps=max wbps=max riops=max wiops=max";

  /** Of disks, in both scales. */
  static final String USUAL_WEIGHT = "100";

  static final String DISK_WEIGHT = "io.weight";
  private static final String BFQ = "io.bfq.weight";

  private V2Files() {}

  /**
   * In the order of writing.
   *
   * @param quotaNow what {@code cpu.max} has as its quota, for a period that comes without one
   * @param has whether a controller's file is there, of those that not every kernel has
   */
  static List<Setting> settings(
      Limits limits, String quotaNow, BiPredicate<Controller, String> has) {
    List<Setting> all = new ArrayList<>();
    limits.memory().ifPresent(v -> all.add(memory("memory.max", v, "limit")));
    limits.swap().ifPresent(v -> all.add(memory(SWAP, swap(limits, v), "swap")));
    limits.reservation().ifPresent(v -> all.add(memory("memory.low", v, "reservation")));
    limits.idle().ifPresent(v -> all.add(cpu(IDLE, V1Files.bit(v), "idle")));
    limits
        .shares()
        .ifPresent(v -> all.add(cpu(WEIGHT, Long.toString(CpuShares.weight(v)), "shares")));
    if (limits.quota().isPresent() || limits.period().isPresent()) {
      all.add(
          cpu(CPU_MAX, cpuMax(limits, quotaNow), limits.quota().isPresent() ? "quota" : "period"));
    }
    limits.burst().ifPresent(v -> all.add(cpu(BURST, Long.toString(v), "burst")));
    limits.cpus().ifPresent(v -> all.add(cpuset("cpuset.cpus", v, "cpus")));
    limits.mems().ifPresent(v -> all.add(cpuset("cpuset.mems", v, "mems")));
    limits.pids().ifPresent(v -> all.add(pids(v)));
    blockIo(limits.blockIo(), has, all);
    limits
        .hugepages()
        .forEach((size, bytes) -> hugepages(size, Long.toUnsignedString(bytes), has, all));
    all.addAll(V1Files.rdma(limits));
    return all;
  }

  private static void blockIo(BlockIo io, BiPredicate<Controller, String> has, List<Setting> all) {
    boolean weighs = io.weight().isPresent() || !io.deviceWeights().isEmpty();
    boolean bfq = weighs && has.test(Controller.IO, BFQ);
    io.weight()
        .ifPresent(
            v -> all.add(weight("default", "resources.block_io.weight", v, bfq, USUAL_WEIGHT)));
    for (BlockIo.DeviceWeight one : io.deviceWeights()) {
      BlockIo.Device device = one.device();
      one.weight()
          .ifPresent(v -> all.add(weight(device.text(), device.field(), v, bfq, "default")));
    }
    io.throttles().forEach(throttle -> all.add(ceiling(throttle)));
  }

  /** 10 to 1,000 is BFQ's own scale; onto 1 to 10,000 as every container runtime maps them. */
  private static Setting weight(
      String whose, String field, long weight, boolean bfq, String usual) {
    long scaled = bfq ? weight : 1 + (weight - 10) * 9_999 / 990;
    return new Setting(Controller.IO, bfq ? BFQ : DISK_WEIGHT, whose + " " + scaled, field, usual);
  }

  private static Setting ceiling(BlockIo.Throttle throttle) {
    String rate = throttle.rate() == 0 ? MAX : Long.toString(throttle.rate());
    String key = throttle.ceiling().v2Key() + "=";
    BlockIo.Device device = throttle.device();
    return new Setting(
        Controller.IO, "io.max", device.text() + " " + key + rate, device.field(), key + MAX);
  }

  private static void hugepages(
      String size, String bytes, BiPredicate<Controller, String> has, List<Setting> all) {
    String field = "resources.hugepage_limits";
    String start = "hugetlb." + size;
    all.add(new Setting(Controller.HUGETLB, start + ".max", bytes, field));
    if (has.test(Controller.HUGETLB, start + ".rsvd.max")) {
      all.add(new Setting(Controller.HUGETLB, start + ".rsvd.max", bytes, field));
    }
  }

  /** What this version has no file for, though it has the controller. */
  static List<Setting> lacking(Limits limits) {
    List<Setting> all = new ArrayList<>();
    lacks(Controller.MEMORY, "memory.swappiness", limits.swappiness(), all);
    if (limits.oomKillerDisabled().orElse(false)) {
      lacks(Controller.MEMORY, "memory.disable_oom_killer", OptionalLong.of(1), all);
    }
    lacks(Controller.CPU, "cpu.realtime_runtime", limits.realtimeRuntime(), all);
    lacks(Controller.CPU, "cpu.realtime_period", limits.realtimePeriod(), all);
    lacks(Controller.IO, "block_io.leaf_weight", limits.blockIo().leafWeight(), all);
    limits
        .blockIo()
        .deviceWeights()
        .forEach(one -> lacks(Controller.IO, "block_io.weight_device", one.leafWeight(), all));
    return all;
  }

  private static void lacks(
      Controller controller, String field, OptionalLong value, List<Setting> all) {
    value.ifPresent(
        v -> all.add(new Setting(controller, field, Long.toString(v), "resources." + field)));
  }

  /** v2 counts swap alone. */
  private static long swap(Limits limits, long together) {
    return together == Limits.UNLIMITED
        ? Limits.UNLIMITED
        : together - limits.memory().orElseThrow();
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
