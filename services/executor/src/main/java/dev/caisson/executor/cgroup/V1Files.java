package dev.caisson.executor.cgroup;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BiPredicate;

/**
 * What a limit is in v1's files, in an order in which a new cgroup takes them: the limit before
 * memory and swap together, the idle class before the shares, the period before the quota, that
 * before what may be saved of it. Source: the kernel's Documentation/admin-guide/cgroup-v1.
 */
final class V1Files {
  static final String CPUS = "cpuset.cpus";
  static final String MEMORY = "memory.limit_in_bytes";
  static final String SWAP = "memory.memsw.limit_in_bytes";
  static final String OOM_CONTROL = "memory.oom_control";
  static final String SHARES = "cpu.shares";
  static final String QUOTA = "cpu.cfs_quota_us";
  static final String PERIOD = "cpu.cfs_period_us";
  static final String BURST = "cpu.cfs_burst_us";
  static final String REALTIME_RUNTIME = "cpu.rt_runtime_us";
  static final String REALTIME_PERIOD = "cpu.rt_period_us";
  static final String NO_RDMA_LIMIT = "hca_handle=max hca_object=max";

  private final List<Setting> all = new ArrayList<>();

  private V1Files() {}

  /**
   * In the order of writing.
   *
   * @param has whether a controller's file is there, of those that not every kernel has
   */
  static List<Setting> settings(Limits limits, BiPredicate<Controller, String> has) {
    V1Files files = new V1Files();
    files.memory(limits);
    files.cpu(limits);
    limits.cpus().ifPresent(v -> files.cpuset(CPUS, v, "cpu.cpus"));
    limits.mems().ifPresent(v -> files.cpuset("cpuset.mems", v, "cpu.mems"));
    limits.pids().ifPresent(v -> files.all.add(V2Files.pids(v)));
    files.blockIo(limits.blockIo(), has);
    files.hugepages(limits, has);
    files.network(limits);
    files.all.addAll(rdma(limits));
    return files.all;
  }

  private void memory(Limits limits) {
    number(Controller.MEMORY, MEMORY, limits.memory(), "memory.limit");
    number(Controller.MEMORY, SWAP, limits.swap(), "memory.swap");
    number(
        Controller.MEMORY,
        "memory.soft_limit_in_bytes",
        limits.reservation(),
        "memory.reservation");
    number(Controller.MEMORY, "memory.swappiness", limits.swappiness(), "memory.swappiness");
    limits
        .oomKillerDisabled()
        .ifPresent(v -> add(Controller.MEMORY, OOM_CONTROL, bit(v), "memory.disable_oom_killer"));
  }

  private void cpu(Limits limits) {
    limits.idle().ifPresent(v -> add(Controller.CPU, V2Files.IDLE, bit(v), "cpu.idle"));
    number(Controller.CPU, SHARES, limits.shares(), "cpu.shares");
    number(Controller.CPU, PERIOD, limits.period(), "cpu.period");
    number(Controller.CPU, QUOTA, limits.quota(), "cpu.quota");
    number(Controller.CPU, BURST, limits.burst(), "cpu.burst");
    number(Controller.CPU, REALTIME_PERIOD, limits.realtimePeriod(), "cpu.realtime_period");
    number(Controller.CPU, REALTIME_RUNTIME, limits.realtimeRuntime(), "cpu.realtime_runtime");
  }

  /** The scheduler BFQ has files of its own; the general ones left with the one before it. */
  private void blockIo(BlockIo io, BiPredicate<Controller, String> has) {
    boolean weighs = io.weight().isPresent() || !io.deviceWeights().isEmpty();
    boolean general = weighs && has.test(Controller.IO, "blkio.weight");
    String weight = general ? "blkio.weight" : "blkio.bfq.weight";
    number(Controller.IO, weight, io.weight(), "block_io.weight");
    number(Controller.IO, "blkio.leaf_weight", io.leafWeight(), "block_io.leaf_weight");
    for (BlockIo.DeviceWeight one : io.deviceWeights()) {
      one.weight().ifPresent(v -> device(weight + "_device", one.device(), v, "default"));
      one.leafWeight()
          .ifPresent(v -> device("blkio.leaf_weight_device", one.device(), v, "default"));
    }
    io.throttles().forEach(t -> device(t.ceiling().v1File(), t.device(), t.rate(), "0"));
  }

  private void device(String file, BlockIo.Device device, long value, String none) {
    all.add(new Setting(Controller.IO, file, device.text() + " " + value, device.field(), none));
  }

  private void hugepages(Limits limits, BiPredicate<Controller, String> has) {
    limits.hugepages().forEach((size, bytes) -> hugepages(size, Long.toUnsignedString(bytes), has));
  }

  /** What is reserved counts before it is used, so that mmap(2) fails and nobody is killed. */
  private void hugepages(String size, String bytes, BiPredicate<Controller, String> has) {
    String start = "hugetlb." + size;
    add(Controller.HUGETLB, start + ".limit_in_bytes", bytes, "hugepage_limits");
    if (has.test(Controller.HUGETLB, start + ".rsvd.limit_in_bytes")) {
      add(Controller.HUGETLB, start + ".rsvd.limit_in_bytes", bytes, "hugepage_limits");
    }
  }

  private void network(Limits limits) {
    number(Controller.NET_CLS, "net_cls.classid", limits.classId(), "network.class_id");
    limits.priorities().forEach(this::priority);
  }

  private void priority(String name, long priority) {
    all.add(
        new Setting(
            Controller.NET_PRIO,
            "net_prio.ifpriomap",
            name + " " + priority,
            "resources.network.priorities",
            "0"));
  }

  /** The same in both versions. */
  static List<Setting> rdma(Limits limits) {
    List<Setting> settings = new ArrayList<>();
    limits.rdma().forEach((device, limit) -> settings.add(rdma(device + " " + limit)));
    return settings;
  }

  private static Setting rdma(String value) {
    return new Setting(Controller.RDMA, "rdma.max", value, "resources.rdma", NO_RDMA_LIMIT);
  }

  static String bit(boolean value) {
    return value ? "1" : "0";
  }

  private void cpuset(String file, IdList ids, String field) {
    add(Controller.CPUSET, file, ids.text(), field);
  }

  private void number(Controller controller, String file, OptionalLong value, String field) {
    value.ifPresent(v -> add(controller, file, Long.toString(v), field));
  }

  private void add(Controller controller, String file, String value, String field) {
    all.add(new Setting(controller, file, value, "resources." + field));
  }
}
