package dev.caisson.gateway.relay;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * What the relay tells Prometheus: docs/kafka.md says what each means. The only label is {@code
 * stream}, events or usage. Thread-safe.
 */
final class RelayMetrics {

  private static final double MILLIS_PER_SECOND = Duration.ofSeconds(1).toMillis();

  /** The records of one stream that went to Kafka. */
  private record Relayed(Counter records, Counter bytes) {}

  private final MeterRegistry registry;
  private final Clock clock;
  private final LagWatch lag;
  private final Rate rate;
  private final Relayed events;
  private final Relayed usage;
  private final Timer transactions;
  private final Counter jumps;
  private final Counter failures;

  RelayMetrics(MeterRegistry registry, Clock clock, LagWatch lag) {
    this.registry = registry;
    this.clock = clock;
    this.lag = lag;
    this.rate = new Rate(clock);
    this.events = stream("events", Lag::events);
    this.usage = stream("usage", Lag::usage);
    this.transactions = registry.timer("caisson.relay.transaction");
    this.jumps = registry.counter("caisson.relay.jumps");
    this.failures = registry.counter("caisson.relay.failures");
  }

  /** A session begins where Kafka has the record. */
  void began(Progress progress) {
    lag.reached(progress);
  }

  /** A batch is in Kafka. */
  void relayed(RelayBatch batch, Duration took) {
    events.records().increment(batch.events());
    events.bytes().increment((double) batch.eventBytes());
    usage.records().increment(batch.samples());
    usage.bytes().increment((double) batch.sampleBytes());
    transactions.record(took);
    rate.add(batch.size());
    lag.reached(batch.progress());
  }

  /** Records of the journal were deleted before they were relayed. */
  void jumped() {
    jumps.increment();
  }

  /** A session ended by what it should not end by. */
  void failed() {
    failures.increment();
  }

  LagWatch lag() {
    return lag;
  }

  /** Records in each second, over the last minute. */
  double perSecond() {
    return rate.perSecond();
  }

  private Relayed stream(String name, Function<Lag, Lag.Behind> of) {
    gauge("caisson.relay.lag.records", name, of, behind -> (double) behind.records());
    gauge("caisson.relay.lag.bytes", name, of, behind -> (double) behind.bytes());
    gauge(
        "caisson.relay.lag.seconds",
        name,
        of,
        behind -> behind.age(clock.instant()).toMillis() / MILLIS_PER_SECOND);
    return new Relayed(
        registry.counter("caisson.relay.records", "stream", name),
        registry.counter("caisson.relay.bytes", "stream", name));
  }

  // NaN is what Prometheus has for what is not known.
  private void gauge(
      String name,
      String stream,
      Function<Lag, Lag.Behind> of,
      ToDoubleFunction<Lag.Behind> figure) {
    Gauge.builder(
            name, lag, watch -> watch.now().map(of).map(figure::applyAsDouble).orElse(Double.NaN))
        .tag("stream", stream)
        .register(registry);
  }
}
