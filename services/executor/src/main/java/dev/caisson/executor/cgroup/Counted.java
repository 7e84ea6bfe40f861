package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.CpuStatistics;
import dev.caisson.proto.types.v1.CpusetStatistics;
import dev.caisson.proto.types.v1.HugePageStatistics;
import dev.caisson.proto.types.v1.IoStatistics;
import dev.caisson.proto.types.v1.MemoryStatistics;
import dev.caisson.proto.types.v1.PidsStatistics;
import dev.caisson.proto.types.v1.Pressure;
import dev.caisson.proto.types.v1.RdmaStatistics;
import dev.caisson.proto.types.v1.Statistics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** What the controllers of one cgroup have counted, each from the hierarchy that it is in. */
final class Counted {
  private static final long NANOS_PER_MICRO = 1_000;

  /** {@code USER_HZ}, which has been 100 on every machine that we run on. Source: time(7). */
  private static final long NANOS_PER_TICK = 10_000_000;

  private final Statistics.Builder statistics = Statistics.newBuilder();
  private final boolean raw;
  private final Optional<StatFiles> unified;

  /**
   * @param unified where version 2 counts, controller or not
   * @param raw whether {@code memory.stat} is wanted as it is
   */
  Counted(Optional<StatFiles> unified, boolean raw) {
    this.unified = unified;
    this.raw = raw;
  }

  Statistics.Builder get() {
    return statistics;
  }

  /** Of version 1, in whose trees each of the two has its own directory. */
  void cpu1(StatFiles accounting, Optional<StatFiles> bandwidth) {
    OptionalLong usage = accounting.number("cpuacct.usage");
    if (usage.isEmpty()) {
      return;
    }
    CpuStatistics.Builder cpu = statistics.getCpuBuilder().setUsageNanoseconds(usage.getAsLong());
    FlatKeyed ticks = accounting.flat("cpuacct.stat");
    scaled(ticks, "user", NANOS_PER_TICK, cpu::setUserNanoseconds);
    scaled(ticks, "system", NANOS_PER_TICK, cpu::setSystemNanoseconds);
    for (String one : accounting.text("cpuacct.usage_percpu").orElse("").split(" ", -1)) {
      FlatKeyed.number(one).ifPresent(cpu::addPerCpuNanoseconds);
    }
    perCpu(accounting, cpu);
    bandwidth.ifPresent(files -> bandwidth1(files, cpu));
    pressure("cpu.pressure").ifPresent(cpu::setPressure);
  }

  /** Lines {@code CPU USER SYSTEM}, after a header. */
  private static void perCpu(StatFiles accounting, CpuStatistics.Builder cpu) {
    for (String line : accounting.text("cpuacct.usage_all").orElse("").split("\n", -1)) {
      String[] fields = line.split(" ", -1);
      if (fields.length == 3 && FlatKeyed.number(fields[1]).isPresent()) {
        cpu.addPerCpuUserNanoseconds(FlatKeyed.number(fields[1]).orElse(0));
        cpu.addPerCpuSystemNanoseconds(FlatKeyed.number(fields[2]).orElse(0));
      }
    }
  }

  void cpuset1(StatFiles files) {
    cpuset(files.text("cpuset.effective_cpus"), files.text("cpuset.effective_mems"));
    if (statistics.hasCpuset()) {
      cpusetSettings1(files, statistics.getCpusetBuilder());
    }
  }

  private static void cpusetSettings1(StatFiles files, CpusetStatistics.Builder cpuset) {
    flag(files, "cpuset.cpu_exclusive", cpuset::setCpuExclusive);
    flag(files, "cpuset.mem_exclusive", cpuset::setMemoryExclusive);
    flag(files, "cpuset.mem_hardwall", cpuset::setMemoryHardwall);
    flag(files, "cpuset.memory_migrate", cpuset::setMemoryMigrate);
    flag(files, "cpuset.memory_spread_page", cpuset::setMemorySpreadPage);
    flag(files, "cpuset.memory_spread_slab", cpuset::setMemorySpreadSlab);
    files.number("cpuset.memory_pressure", cpuset::setMemoryPressure);
    flag(files, "cpuset.sched_load_balance", cpuset::setSchedLoadBalance);
    String level = "cpuset.sched_relax_domain_level";
    if (files.text(level).equals(Optional.of("-1"))) {
      cpuset.setSchedRelaxDomainLevel(-1);
    } else {
      files.number(level, cpuset::setSchedRelaxDomainLevel);
    }
  }

  private static void flag(StatFiles files, String file, Consumer<Boolean> consumer) {
    files.number(file, value -> consumer.accept(value != 0));
  }

  void cpuset2(StatFiles files) {
    cpuset(files.text("cpuset.cpus.effective"), files.text("cpuset.mems.effective"));
  }

  private void cpuset(Optional<String> cpus, Optional<String> nodes) {
    if (cpus.isPresent()) {
      statistics.getCpusetBuilder().setCpus(cpus.get()).setMemoryNodes(nodes.orElse(""));
    }
  }

  private static void bandwidth1(StatFiles files, CpuStatistics.Builder cpu) {
    OptionalLong quota = files.number(V1Files.QUOTA);
    if (quota.isPresent()) {
      cpu.setQuotaMicroseconds(quota.getAsLong());
      files.number(V1Files.PERIOD, cpu::setPeriodMicroseconds);
    }
    FlatKeyed stat = files.flat("cpu.stat");
    periods(stat, cpu);
    scaled(stat, "throttled_time", 1, cpu::setThrottledNanoseconds);
    scaled(stat, "burst_time", 1, cpu::setBurstNanoseconds);
  }

  private static void periods(FlatKeyed stat, CpuStatistics.Builder cpu) {
    stat.get("nr_periods").ifPresent(cpu::setPeriods);
    stat.get("nr_throttled").ifPresent(cpu::setThrottledPeriods);
    stat.get("nr_bursts").ifPresent(cpu::setBursts);
  }

  void cpu2(StatFiles files) {
    FlatKeyed stat = files.flat("cpu.stat");
    OptionalLong usage = stat.get("usage_usec");
    if (usage.isEmpty()) {
      return;
    }
    CpuStatistics.Builder cpu =
        statistics.getCpuBuilder().setUsageNanoseconds(usage.getAsLong() * NANOS_PER_MICRO);
    scaled(stat, "user_usec", NANOS_PER_MICRO, cpu::setUserNanoseconds);
    scaled(stat, "system_usec", NANOS_PER_MICRO, cpu::setSystemNanoseconds);
    periods(stat, cpu);
    scaled(stat, "throttled_usec", NANOS_PER_MICRO, cpu::setThrottledNanoseconds);
    scaled(stat, "burst_usec", NANOS_PER_MICRO, cpu::setBurstNanoseconds);
    String[] max = files.text("cpu.max").orElse("").split(" ", -1);
    OptionalLong quota = FlatKeyed.number(max[0]);
    if (quota.isPresent() && max.length == 2) {
      cpu.setQuotaMicroseconds(quota.getAsLong());
      FlatKeyed.number(max[1]).ifPresent(cpu::setPeriodMicroseconds);
    }
    pressure("cpu.pressure").ifPresent(cpu::setPressure);
  }

  /**
   * Of version 1.
   *
   * @param alone whether nothing is below it: that version does not add up what was killed there
   */
  void memory1(StatFiles files, boolean alone) {
    OptionalLong usage = files.number("memory.usage_in_bytes");
    if (usage.isEmpty()) {
      return;
    }
    FlatKeyed stat = files.flat("memory.stat");
    MemoryStatistics.Builder memory = memory(usage.getAsLong(), stat, "total_inactive_file");
    OptionalLong limit = files.limit(V1Files.MEMORY);
    limit.ifPresent(memory::setLimitBytes);
    OptionalLong both = files.limit(V1Files.SWAP);
    if (limit.isPresent() && both.isPresent()) {
      memory.setSwapLimitBytes(Math.max(0, both.getAsLong() - limit.getAsLong()));
    }
    files.number("memory.max_usage_in_bytes", memory::setMaxUsageBytes);
    stat.get("total_rss").ifPresent(memory::setAnonymousBytes);
    stat.get("total_cache").ifPresent(memory::setFileBytes);
    stat.get("total_shmem").ifPresent(memory::setSharedBytes);
    stat.get("total_mapped_file").ifPresent(memory::setMappedFileBytes);
    files.number("memory.kmem.usage_in_bytes", memory::setKernelBytes);
    files.number("memory.kmem.tcp.usage_in_bytes", memory::setSocketBytes);
    stat.get("total_swap").ifPresent(memory::setSwapBytes);
    stat.get("total_pgfault").ifPresent(memory::setPageFaults);
    stat.get("total_pgmajfault").ifPresent(memory::setMajorPageFaults);
    files.number("memory.failcnt", memory::setLimitHits);
    files.number("memory.memsw.max_usage_in_bytes", memory::setMaxMemoryAndSwapBytes);
    files.number("memory.memsw.failcnt", memory::setSwapLimitHits);
    kernel1(files, memory);
    if (alone) {
      files.flat("memory.oom_control").get("oom_kill").ifPresent(memory::setOomKills);
    }
  }

  private static void kernel1(StatFiles files, MemoryStatistics.Builder memory) {
    files.number("memory.kmem.max_usage_in_bytes", memory::setMaxKernelBytes);
    files.limit("memory.kmem.limit_in_bytes").ifPresent(memory::setKernelLimitBytes);
    files.number("memory.kmem.failcnt", memory::setKernelLimitHits);
    files.number("memory.kmem.tcp.max_usage_in_bytes", memory::setMaxSocketBytes);
    files.limit("memory.kmem.tcp.limit_in_bytes").ifPresent(memory::setSocketLimitBytes);
    files.number("memory.kmem.tcp.failcnt", memory::setSocketLimitHits);
  }

  void memory2(StatFiles files) {
    OptionalLong usage = files.number("memory.current");
    if (usage.isEmpty()) {
      return;
    }
    FlatKeyed stat = files.flat("memory.stat");
    MemoryStatistics.Builder memory = memory(usage.getAsLong(), stat, "inactive_file");
    files.number("memory.max", memory::setLimitBytes);
    files.number("memory.swap.max", memory::setSwapLimitBytes);
    files.number("memory.peak", memory::setMaxUsageBytes);
    files.number("memory.swap.current", memory::setSwapBytes);
    files.number("memory.swap.peak", memory::setMaxSwapBytes);
    files.flat("memory.swap.events").get("max").ifPresent(memory::setSwapLimitHits);
    stat.get("anon").ifPresent(memory::setAnonymousBytes);
    stat.get("file").ifPresent(memory::setFileBytes);
    stat.get("shmem").ifPresent(memory::setSharedBytes);
    stat.get("file_mapped").ifPresent(memory::setMappedFileBytes);
    stat.get("kernel").ifPresent(memory::setKernelBytes);
    stat.get("sock").ifPresent(memory::setSocketBytes);
    stat.get("pgfault").ifPresent(memory::setPageFaults);
    stat.get("pgmajfault").ifPresent(memory::setMajorPageFaults);
    events2(files.flat("memory.events"), memory);
  }

  private static void events2(FlatKeyed events, MemoryStatistics.Builder memory) {
    events.get("low").ifPresent(memory::setLowHits);
    events.get("oom").ifPresent(memory::setOutOfMemory);
    events.get("oom_group_kill").ifPresent(memory::setOomGroupKills);
    events.get("max").ifPresent(memory::setLimitHits);
    events.get("high").ifPresent(memory::setHighHits);
    events.get("oom_kill").ifPresent(memory::setOomKills);
  }

  private MemoryStatistics.Builder memory(long usage, FlatKeyed stat, String inactiveFile) {
    MemoryStatistics.Builder memory =
        statistics
            .getMemoryBuilder()
            .setUsageBytes(usage)
            .setWorkingSetBytes(Math.max(0, usage - stat.get(inactiveFile).orElse(0)));
    pressure("memory.pressure").ifPresent(memory::setPressure);
    if (raw) {
      memory.putAllRaw(stat.values());
    }
    return memory;
  }

  /** The same in both versions. */
  void pids(StatFiles files) {
    OptionalLong current = files.number("pids.current");
    if (current.isEmpty()) {
      return;
    }
    PidsStatistics.Builder pids = statistics.getPidsBuilder().setCurrent(current.getAsLong());
    files.number("pids.max", pids::setLimit);
    files.number("pids.peak", pids::setMax);
    files.flat("pids.events").get("max").ifPresent(pids::setLimitHits);
  }

  /**
   * Of version 1. What schedulers count of their own is of their devices alone; all of it passes
   * the throttle.
   *
   * @param alone whether nothing is below it: of what was removed there that version adds up
   *     nothing, so that the sum would fall. Source: blkg_rwstat_recursive_sum() of the kernel's
   *     block/blk-cgroup-rwstat.c
   */
  void io1(StatFiles files, boolean alone) {
    if (!alone) {
      return;
    }
    Optional<String> bytes = files.text("blkio.throttle.io_service_bytes_recursive");
    if (bytes.isPresent()) {
      String operations = files.text("blkio.throttle.io_serviced_recursive").orElse("");
      statistics.getIoBuilder().addAllDevices(BlockDevices.of(bytes.get(), operations));
    }
  }

  void io2(StatFiles files) {
    Optional<String> stat = files.text("io.stat");
    if (stat.isPresent()) {
      IoStatistics.Builder io = statistics.getIoBuilder();
      stat.get().lines().flatMap(line -> NestedKeyed.device(line).stream()).forEach(io::addDevices);
    }
  }

  void ioPressure() {
    pressure("io.pressure").ifPresent(pressure -> statistics.getIoBuilder().setPressure(pressure));
  }

  /**
   * Of version 1.
   *
   * @param size as in the names of files
   */
  void hugePages1(StatFiles files, String size) {
    String prefix = "hugetlb." + size + ".";
    hugePages(size, files.number(prefix + "usage_in_bytes"))
        .ifPresent(pages -> {
          files.limit(prefix + "limit_in_bytes").ifPresent(pages::setLimitBytes);
          files.number(prefix + "max_usage_in_bytes", pages::setMaxUsageBytes);
          files.number(prefix + "failcnt", pages::setLimitHits);
        });
  }

  void hugePages2(StatFiles files, String size) {
    String prefix = "hugetlb." + size + ".";
    hugePages(size, files.number(prefix + "current"))
        .ifPresent(pages -> {
          files.number(prefix + "max", pages::setLimitBytes);
          files.flat(prefix + "events").get("max").ifPresent(pages::setLimitHits);
        });
  }

  private Optional<HugePageStatistics.Builder> hugePages(String size, OptionalLong usage) {
    return usage.isEmpty()
        ? Optional.empty()
        : Optional.of(
            statistics.addHugePagesBuilder().setSize(size).setUsageBytes(usage.getAsLong()));
  }

  /** The same in both versions. */
  void rdma(StatFiles files) {
    Map<String, NestedKeyed> limits = new HashMap<>();
    lines(files, "rdma.max").forEach(line -> limits.put(line.name(), line));
    for (NestedKeyed used : lines(files, "rdma.current")) {
      RdmaStatistics.Builder device =
          statistics
              .addRdmaBuilder()
              .setDevice(used.name())
              .setHandles(used.number("hca_handle").orElse(0))
              .setObjects(used.number("hca_object").orElse(0));
      Optional.ofNullable(limits.get(used.name()))
          .ifPresent(limit -> {
            limit.number("hca_handle").ifPresent(device::setHandlesLimit);
            limit.number("hca_object").ifPresent(device::setObjectsLimit);
          });
    }
  }

  private static List<NestedKeyed> lines(StatFiles files, String file) {
    return files.text(file).orElse("").lines().map(NestedKeyed::parse).toList();
  }

  private Optional<Pressure> pressure(String file) {
    return unified.flatMap(files -> files.text(file)).map(NestedKeyed::pressure);
  }

  private static void scaled(FlatKeyed stat, String key, long factor, LongConsumer consumer) {
    stat.get(key).ifPresent(value -> consumer.accept(value * factor));
  }
}
