package dev.caisson.auditor.cpu;

import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * {@code caisson_container_cpu_seconds_total} for each container that runs, and for those that
 * exited last: what it is bounded by is on the scraper's side, where each series costs memory. Used
 * by one thread, scraped by others.
 */
final class CpuSeries {

  /** Containers that exited and can still be scraped: more than exit between two scrapes. */
  static final int MAX_EXITED = 1_000;

  /** All series; beyond it, new containers are counted as unexported only. */
  static final int MAX_SERIES = 20_000;

  private static final double NANOS_PER_SECOND = Duration.ofSeconds(1).toNanos();

  private record Labels(String node, String tenant, String sandbox, String container) {}

  private record Series(String uid, AtomicLong nanos, FunctionCounter meter) {}

  private final MeterRegistry registry;
  private final int maxExited;
  private final int maxSeries;
  private final Map<Labels, Series> series = new HashMap<>();
  private final SequencedMap<Labels, Series> exited = new LinkedHashMap<>();

  CpuSeries(MeterRegistry registry) {
    this(registry, MAX_EXITED, MAX_SERIES);
  }

  CpuSeries(MeterRegistry registry, int maxExited, int maxSeries) {
    this.registry = registry;
    this.maxExited = maxExited;
    this.maxSeries = maxSeries;
  }

  void update(CpuApportioned figures) {
    for (ContainerCpu container : figures.getContainersList()) {
      update(
          new Labels(
              figures.getNode(),
              figures.getTenant(),
              figures.getSandboxId(),
              container.getContainerId()),
          container);
    }
  }

  private void update(Labels labels, ContainerCpu container) {
    Series known = series.get(labels);
    if (known != null && known.uid().equals(container.getContainerUid())) {
      known.nanos().set(container.getTotalNanos());
      if (container.getExited() && !exited.containsKey(labels)) {
        leave(labels, known);
      }
    } else if (known == null || !container.getExited()) {
      enter(labels, container, known);
    }
  }

  // An id that is used again: to the scraper, the counter starts again.
  private void enter(Labels labels, ContainerCpu container, @Nullable Series before) {
    if (before != null) {
      exited.remove(labels);
      registry.remove(before.meter());
      series.remove(labels);
    }
    if (series.size() >= maxSeries) {
      registry.counter("caisson.container.cpu.unexported").increment();
      return;
    }
    AtomicLong nanos = new AtomicLong(container.getTotalNanos());
    Series entered = new Series(container.getContainerUid(), nanos, meter(labels, nanos));
    series.put(labels, entered);
    if (container.getExited()) {
      leave(labels, entered);
    }
  }

  private void leave(Labels labels, Series leaving) {
    exited.put(labels, leaving);
    if (exited.size() > maxExited) {
      Map.Entry<Labels, Series> oldest = exited.pollFirstEntry();
      registry.remove(oldest.getValue().meter());
      series.remove(oldest.getKey());
    }
  }

  private FunctionCounter meter(Labels labels, AtomicLong nanos) {
    return FunctionCounter.builder(
            "caisson.container.cpu", nanos, value -> value.get() / NANOS_PER_SECOND)
        .baseUnit("seconds")
        .description("CPU time that a container has been charged")
        .tag("node", labels.node())
        .tag("tenant", labels.tenant())
        .tag("sandbox", labels.sandbox())
        .tag("container", labels.container())
        .register(registry);
  }
}
