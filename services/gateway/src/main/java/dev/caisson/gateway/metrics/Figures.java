package dev.caisson.gateway.metrics;

import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.CpuStatistics;
import dev.caisson.proto.types.v1.IoStatistics;
import dev.caisson.proto.types.v1.MemoryStatistics;
import dev.caisson.proto.types.v1.NetworkStatistics;
import dev.caisson.proto.types.v1.PidsStatistics;
import dev.caisson.proto.types.v1.Pressure;
import dev.caisson.proto.types.v1.Statistics;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Statistics under the names of OpenTelemetry's conventions for containers (1.44), as Prometheus
 * writes them; under cAdvisor's where those have none: its docs/storage/prometheus.md. For one
 * thread at a time.
 */
final class Figures {
  private static final double NANOS = 1e9;
  private static final double MICROS = 1e6;

  private static final Map<String, String> HELP =
      Map.ofEntries(
          Map.entry("container_uptime_seconds", "The time the container has been running"),
          Map.entry("container_cpu_time_seconds", "CPU time consumed"),
          Map.entry("container_memory_usage_bytes", "Memory usage, page cache included"),
          Map.entry("container_memory_rss_bytes", "Memory that no file backs"),
          Map.entry("container_memory_working_set_bytes", "Usage less inactive page cache"),
          Map.entry("container_memory_available_bytes", "Limit less working set"),
          Map.entry("container_disk_io_bytes", "Bytes read from and written to disks"),
          Map.entry("container_network_io_bytes", "Of the sandbox: bytes received and sent"),
          Map.entry("container_oom_events", "Processes killed for want of memory"),
          Map.entry("container_cpu_cfs_periods", "Periods in which it ran under its CPU limit"),
          Map.entry("container_cpu_cfs_throttled_periods", "Those in which the limit was used up"),
          Map.entry("container_cpu_cfs_throttled_seconds", "How long the CPU limit held tasks up"),
          Map.entry("container_spec_memory_limit_bytes", "Memory limit"),
          Map.entry("container_memory_failcnt", "How often memory was about to exceed its limit"),
          Map.entry("container_memory_swap", "Bytes swapped out"),
          Map.entry("container_paging_faults", "Page faults"),
          Map.entry("container_threads", "Tasks, threads included"),
          Map.entry("container_threads_max", "Limit of tasks"),
          Map.entry("container_threads_refused", "Forks refused for the limit of tasks"),
          Map.entry("container_fs_reads", "Reads from disks"),
          Map.entry("container_fs_writes", "Writes to disks"),
          Map.entry("container_network_receive_packets", "Of the sandbox: packets received"),
          Map.entry("container_network_receive_errors", "Of the sandbox: errors of receiving"),
          Map.entry("container_network_receive_packets_dropped", "Of the sandbox: dropped"),
          Map.entry("container_network_transmit_packets", "Of the sandbox: packets sent"),
          Map.entry("container_network_transmit_errors", "Of the sandbox: errors of sending"),
          Map.entry("container_network_transmit_packets_dropped", "Of the sandbox: dropped"));

  private final String node;
  private final Instant now;
  private final Map<String, List<CounterDataPointSnapshot>> counters = new LinkedHashMap<>();
  private final Map<String, List<GaugeDataPointSnapshot>> gauges = new LinkedHashMap<>();
  private final Set<String> networks = new HashSet<>();

  Figures(String node, Instant now) {
    this.node = node;
    this.now = now;
  }

  MetricSnapshots snapshots() {
    List<MetricSnapshot> all = new ArrayList<>();
    counters.forEach((name, points) -> all.add(new CounterSnapshot(metadata(name), points)));
    gauges.forEach((name, points) -> all.add(new GaugeSnapshot(metadata(name), points)));
    return new MetricSnapshots(all);
  }

  private static MetricMetadata metadata(String name) {
    return new MetricMetadata(name, HELP.getOrDefault(name, "How long tasks have waited"));
  }

  void add(Container container, Statistics statistics) {
    Labels labels = labels(container, container.getId());
    if (container.getState() == ContainerState.RUNNING
        || container.getState() == ContainerState.PAUSED) {
      Instant start =
          Instant.ofEpochSecond(
              container.getStartTime().getSeconds(), container.getStartTime().getNanos());
      gauge("container_uptime_seconds", labels, Duration.between(start, now).toNanos() / NANOS);
    }
    if (statistics.hasCpu()) {
      cpu(labels, statistics.getCpu());
    }
    if (statistics.hasMemory()) {
      memory(labels, statistics.getMemory());
    }
    if (statistics.hasPids()) {
      pids(labels, statistics.getPids());
    }
    if (statistics.hasIo()) {
      io(labels, statistics.getIo());
    }
    // All containers of a sandbox have the same: once, or sums would count it for each.
    if (networks.add(container.getSandboxUid())) {
      network(labels(container, ""), statistics.getNetwork());
    }
  }

  private Labels labels(Container container, String id) {
    return Labels.of(
        "node",
        node,
        "tenant",
        container.getTenant(),
        "sandbox",
        container.getSandboxId(),
        "container",
        id);
  }

  /** With its modes, or without, never both: as the convention has it. */
  private void cpu(Labels labels, CpuStatistics cpu) {
    String name = "container_cpu_time_seconds";
    if (cpu.hasUserNanoseconds() && cpu.hasSystemNanoseconds()) {
      counter(name, labels.add("cpu_mode", "user"), cpu.getUserNanoseconds() / NANOS);
      counter(name, labels.add("cpu_mode", "system"), cpu.getSystemNanoseconds() / NANOS);
    } else {
      counter(name, labels, cpu.getUsageNanoseconds() / NANOS);
    }
    if (cpu.hasPeriods()) {
      counter("container_cpu_cfs_periods", labels, cpu.getPeriods());
      counter("container_cpu_cfs_throttled_periods", labels, cpu.getThrottledPeriods());
      counter("container_cpu_cfs_throttled_seconds", labels, cpu.getThrottledNanoseconds() / NANOS);
    }
    if (cpu.hasPressure()) {
      pressure("cpu", labels, cpu.getPressure());
    }
  }

  private void memory(Labels labels, MemoryStatistics memory) {
    gauge("container_memory_usage_bytes", labels, memory.getUsageBytes());
    gauge("container_memory_working_set_bytes", labels, memory.getWorkingSetBytes());
    if (memory.hasAnonymousBytes()) {
      gauge("container_memory_rss_bytes", labels, memory.getAnonymousBytes());
    }
    if (memory.hasLimitBytes()) {
      long available = memory.getLimitBytes() - memory.getWorkingSetBytes();
      gauge("container_memory_available_bytes", labels, Math.max(0, available));
      gauge("container_spec_memory_limit_bytes", labels, memory.getLimitBytes());
    }
    if (memory.hasSwapBytes()) {
      gauge("container_memory_swap", labels, memory.getSwapBytes());
    }
    if (memory.hasLimitHits()) {
      counter("container_memory_failcnt", labels, memory.getLimitHits());
    }
    if (memory.hasOomKills()) {
      counter("container_oom_events", labels, memory.getOomKills());
    }
    faults(labels, memory);
    if (memory.hasPressure()) {
      pressure("memory", labels, memory.getPressure());
    }
  }

  /** The kernel counts the major ones among all. */
  private void faults(Labels labels, MemoryStatistics memory) {
    if (memory.hasPageFaults() && memory.hasMajorPageFaults()) {
      String name = "container_paging_faults";
      String type = "system_paging_fault_type";
      long minor = Math.max(0, memory.getPageFaults() - memory.getMajorPageFaults());
      counter(name, labels.add(type, "minor"), minor);
      counter(name, labels.add(type, "major"), memory.getMajorPageFaults());
    }
  }

  /** Nobody has a name for what was refused. */
  private void pids(Labels labels, PidsStatistics pids) {
    gauge("container_threads", labels, pids.getCurrent());
    if (pids.hasLimit()) {
      gauge("container_threads_max", labels, pids.getLimit());
    }
    if (pids.hasLimitHits()) {
      counter("container_threads_refused", labels, pids.getLimitHits());
    }
  }

  private void io(Labels labels, IoStatistics io) {
    for (IoStatistics.Device device : io.getDevicesList()) {
      String name = "container_disk_io_bytes";
      Labels of = labels.add("system_device", device.getMajor() + ":" + device.getMinor());
      counter(name, of.add("disk_io_direction", "read"), device.getReadBytes());
      counter(name, of.add("disk_io_direction", "write"), device.getWriteBytes());
      counter("container_fs_reads", of, device.getReadOperations());
      counter("container_fs_writes", of, device.getWriteOperations());
    }
    if (io.hasPressure()) {
      pressure("io", labels, io.getPressure());
    }
  }

  private void network(Labels labels, NetworkStatistics network) {
    for (NetworkStatistics.Interface one : network.getInterfacesList()) {
      String name = "container_network_io_bytes";
      Labels of = labels.add("network_interface_name", one.getName());
      counter(name, of.add("network_io_direction", "receive"), one.getReceiveBytes());
      counter(name, of.add("network_io_direction", "transmit"), one.getTransmitBytes());
      String receive = "container_network_receive_";
      counter(receive + "packets", of, one.getReceivePackets());
      counter(receive + "errors", of, one.getReceiveErrors());
      counter(receive + "packets_dropped", of, one.getReceiveDrops());
      String transmit = "container_network_transmit_";
      counter(transmit + "packets", of, one.getTransmitPackets());
      counter(transmit + "errors", of, one.getTransmitErrors());
      counter(transmit + "packets_dropped", of, one.getTransmitDrops());
    }
  }

  private void pressure(String resource, Labels labels, Pressure pressure) {
    String prefix = "container_pressure_" + resource;
    counter(
        prefix + "_waiting_seconds", labels, pressure.getSome().getTotalMicroseconds() / MICROS);
    counter(
        prefix + "_stalled_seconds", labels, pressure.getFull().getTotalMicroseconds() / MICROS);
  }

  private void counter(String name, Labels labels, long value) {
    counter(name, labels, (double) value);
  }

  private void counter(String name, Labels labels, double value) {
    counters
        .computeIfAbsent(name, _ -> new ArrayList<>())
        .add(CounterDataPointSnapshot.builder().labels(labels).value(value).build());
  }

  private void gauge(String name, Labels labels, long value) {
    gauge(name, labels, (double) value);
  }

  private void gauge(String name, Labels labels, double value) {
    gauges
        .computeIfAbsent(name, _ -> new ArrayList<>())
        .add(GaugeDataPointSnapshot.builder().labels(labels).value(value).build());
  }
}
