package dev.caisson.auditor.cpu;

import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.CpuApportioned;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * {@code caisson_container_cpu_seconds_total} for each container that runs, and for a while after
 * the last news of it: its final sample, or the last before its node fell silent. Bounded, since
 * each series costs memory on the scraper's side. Used by one thread, scraped by others.
 */
final class CpuSeries {

  /** Containers that exited and can still be scraped: more than exit between two scrapes. */
  static final int MAX_EXITED = 1_000;

  /** All series; beyond it, new containers are counted as unexported only. */
  static final int MAX_SERIES = 20_000;

  private static final double NANOS_PER_SECOND = Duration.ofSeconds(1).toNanos();

  private record Labels(String node, String tenant, String sandbox, String container) {
    static Labels of(CpuApportioned figures, ContainerCpu container) {
      return new Labels(
          figures.getNode(),
          figures.getTenant(),
          figures.getSandboxId(),
          container.getContainerId());
    }
  }

  private record Series(String uid, Instant heard, AtomicLong nanos, FunctionCounter meter) {
    Series heardAt(Instant time) {
      return new Series(uid, time, nanos, meter);
    }
  }

  private final MeterRegistry registry;
  private final InstantSource clock;
  private final Duration kept;
  private final int maxExited;
  private final int maxSeries;

  // Each in the order of its last news.
  private final SequencedMap<Labels, Series> living = new LinkedHashMap<>();
  private final SequencedMap<Labels, Series> exited = new LinkedHashMap<>();

  CpuSeries(MeterRegistry registry, InstantSource clock, Duration kept) {
    this(registry, clock, kept, MAX_EXITED, MAX_SERIES);
  }

  CpuSeries(
      MeterRegistry registry, InstantSource clock, Duration kept, int maxExited, int maxSeries) {
    this.registry = registry;
    this.clock = clock;
    this.kept = kept;
    this.maxExited = maxExited;
    this.maxSeries = maxSeries;
  }

  /** Takes in news; what is too old to be scraped is none. */
  void update(CpuApportioned figures) {
    Instant now = clock.instant();
    Instant time = Moment.time(figures);
    if (time.isBefore(now.minus(kept))) {
      return;
    }
    Instant heard = time.isAfter(now) ? now : time;
    for (ContainerCpu container : figures.getContainersList()) {
      if (!container.getUnlisted()) {
        update(Labels.of(figures, container), container, heard);
      }
    }
    removeSilent();
  }

  /** Ends the series of those that have not been heard of for long enough. */
  void removeSilent() {
    Instant horizon = clock.instant().minus(kept);
    removeBefore(living, horizon);
    removeBefore(exited, horizon);
  }

  private void update(Labels labels, ContainerCpu container, Instant heard) {
    Series known = living.containsKey(labels) ? living.get(labels) : exited.get(labels);
    if (known == null || !known.uid().equals(container.getContainerUid())) {
      enter(labels, container, known, heard);
    } else if (living.containsKey(labels)) {
      known.nanos().set(container.getTotalNanos());
      move(labels, known.heardAt(heard), container.getExited());
    }
  }

  private void move(Labels labels, Series series, boolean ended) {
    living.remove(labels);
    if (!ended) {
      living.putLast(labels, series);
      return;
    }
    exited.putLast(labels, series);
    if (exited.size() > maxExited) {
      registry.remove(exited.pollFirstEntry().getValue().meter());
    }
  }

  // An id that is used again: to the scraper, the counter starts again. One that has ended does not
  // take the place of another, and is news only in the sample that charges it last: it is listed
  // long after its series has ended.
  private void enter(
      Labels labels, ContainerCpu container, @Nullable Series before, Instant heard) {
    if (container.getExited() && (before != null || container.getDeltaNanos() == 0)) {
      return;
    }
    if (before != null) {
      registry.remove(before.meter());
      living.remove(labels);
      exited.remove(labels);
    }
    if (living.size() + exited.size() >= maxSeries) {
      registry.counter("caisson.container.cpu.unexported").increment();
      return;
    }
    AtomicLong nanos = new AtomicLong(container.getTotalNanos());
    Series entered = new Series(container.getContainerUid(), heard, nanos, meter(labels, nanos));
    move(labels, entered, container.getExited());
  }

  private void removeBefore(SequencedMap<Labels, Series> series, Instant horizon) {
    while (!series.isEmpty() && series.firstEntry().getValue().heard().isBefore(horizon)) {
      registry.remove(series.pollFirstEntry().getValue().meter());
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
