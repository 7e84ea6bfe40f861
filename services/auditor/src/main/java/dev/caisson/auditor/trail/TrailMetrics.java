package dev.caisson.auditor.trail;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;

/** What the trail tells Prometheus. */
final class TrailMetrics {

  private final Counter records;
  private final Counter unreadable;
  private final Counter conflicts;
  private final AtomicLong lag;
  private final CheckpointAges ages;

  TrailMetrics(MeterRegistry registry) {
    records = registry.counter("caisson.trail.records");
    unreadable = registry.counter("caisson.trail.aside", "reason", "unreadable");
    conflicts = registry.counter("caisson.trail.aside", "reason", "conflict");
    ages = new CheckpointAges(registry, Clock.systemUTC());
    lag = registry.gauge("caisson.trail.lag.records", new AtomicLong());
  }

  void stored(TrailWriter.Stored stored) {
    records.increment(stored.added());
    for (AsideRecord record : stored.aside()) {
      switch (record.reason()) {
        case UNREADABLE -> unreadable.increment();
        case CONFLICT -> conflicts.increment();
      }
    }
  }

  CheckpointAges ages() {
    return ages;
  }

  void lagging(long newLag) {
    lag.set(newLag);
  }
}
