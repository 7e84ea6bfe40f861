package dev.caisson.gateway.relay;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** What the relay tells Prometheus. Thread-safe. */
final class RelayMetrics {

  private static final double MILLIS_PER_SECOND = Duration.ofSeconds(1).toMillis();

  private final Clock clock;
  private final Counter records;
  private final Counter jumps;
  private final AtomicLong pending;

  // When everything that the journal had was last known to be in Kafka, milliseconds since 1970.
  private final AtomicLong currentAt;

  RelayMetrics(MeterRegistry registry, Clock clock) {
    this.clock = clock;
    this.currentAt = new AtomicLong(clock.millis());
    this.records = registry.counter("caisson.relay.records");
    this.jumps = registry.counter("caisson.relay.jumps");
    this.pending = registry.gauge("caisson.relay.lag.records", new AtomicLong());
    registry.gauge("caisson.relay.lag.seconds", this, RelayMetrics::age);
  }

  /** The journal has nothing new. */
  void caughtUp() {
    pending.set(0);
    currentAt.set(clock.millis());
  }

  /** Records were read and are not in Kafka yet. */
  void pending(int count) {
    pending.set(count);
  }

  void relayed(int count) {
    pending.set(0);
    records.increment(count);
    currentAt.set(clock.millis());
  }

  /** Records of the journal were deleted before they were relayed. */
  void jumped() {
    jumps.increment();
  }

  /** For how long records may have been waiting. */
  double age() {
    return (clock.millis() - currentAt.get()) / MILLIS_PER_SECOND;
  }
}
