package dev.caisson.gateway.relay;

import dev.caisson.gateway.tracing.RecordSpans;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One life of the relay: from a committed position until something fails. Used by one thread, but
 * for waking it; after an exception it must be closed, and a new one begun.
 */
final class RelaySession implements AutoCloseable {

  private static final Duration PATIENCE = Duration.ofMillis(500);

  private final String node;
  private final JournalFeed feed;
  private final KafkaOutput output;
  private final RelayMetrics metrics;
  private final Optional<RecordSpans> spans;
  private Progress progress;

  RelaySession(
      String node,
      JournalFeed feed,
      KafkaOutput output,
      Progress committed,
      RelayMetrics metrics,
      Optional<RecordSpans> spans) {
    this.spans = spans;
    this.node = node;
    this.feed = feed;
    this.output = output;
    this.progress = committed;
    this.metrics = metrics;
    metrics.began(committed);
  }

  /** Relays what has come, if anything comes. */
  void step() throws InterruptedException {
    List<Arrival> arrivals = feed.take(PATIENCE);
    RelayBatch batch = new RelayBatch(node, progress);
    arrivals.forEach(batch::add);
    if (batch.isEmpty()) {
      return;
    }
    long began = System.nanoTime();
    output.write(batch);
    progress = batch.progress();
    metrics.relayed(batch, Duration.ofNanos(System.nanoTime() - began));
    feed.acknowledge(progress);
    spans.ifPresent(all -> arrivals.forEach(one -> tell(all, one)));
  }

  private static void tell(RecordSpans spans, Arrival arrival) {
    if (arrival instanceof Arrival.Events events) {
      spans.recorded(events.records());
    }
  }

  /** Ends the step that is under way as soon as what has come is written. By any thread. */
  void wake() {
    feed.wake();
  }

  @Override
  public void close() {
    feed.close();
    output.close();
  }
}
