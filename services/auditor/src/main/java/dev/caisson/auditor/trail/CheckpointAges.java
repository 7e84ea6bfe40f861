package dev.caisson.auditor.trail;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/**
 * For how long the records of each node have waited for a checkpoint that vouches for them, how old
 * the last checkpoint is, and whether the node says that it ended: by when they came. The same at
 * each auditor, whichever partitions it reads. Thread-safe.
 */
final class CheckpointAges {

  private final MeterRegistry registry;
  private final Clock clock;
  private final Map<String, Known> nodes = new ConcurrentHashMap<>();
  private final NodeRoom room = new NodeRoom();

  CheckpointAges(MeterRegistry registry, Clock clock) {
    this.registry = registry;
    this.clock = clock;
  }

  /**
   * Takes what is known now.
   *
   * @param enrolled whose names were chosen by nobody who writes to the topic
   */
  void refresh(Map<String, NodeRow> rows, Set<String> enrolled) {
    rows.values().forEach(row -> refresh(row.node(), row.progress(), enrolled));
  }

  void refresh(String node, NodeProgress progress, Set<String> enrolled) {
    Known known = nodes.get(node);
    if (known == null && room.admits(node, enrolled)) {
      known = nodes.computeIfAbsent(node, this::register);
    }
    if (known != null) {
      known.progress = progress;
    }
  }

  private Known register(String node) {
    Known known = new Known();
    gauge(node, known, "checkpoint.age", it -> age(it.progress.waitingSince()))
        .baseUnit("seconds")
        .description("For how long the node's records have waited for a checkpoint")
        .register(registry);
    gauge(node, known, "last.checkpoint.age", it -> age(last(it.progress)))
        .baseUnit("seconds")
        .description("How long ago the node's last checkpoint came")
        .register(registry);
    gauge(node, known, "ended", it -> it.progress.ended() ? 1 : 0)
        .description("Whether the node's last word is that its executor ended in order")
        .register(registry);
    return known;
  }

  private static Gauge.Builder<Known> gauge(
      String node, Known known, String name, ToDoubleFunction<Known> value) {
    return Gauge.builder("caisson.trail." + name, known, value).tag("node", node);
  }

  // Of a node that never signed: since its records wait for it.
  private static Optional<Instant> last(NodeProgress progress) {
    return progress.signedAt().or(progress::waitingSince);
  }

  private double age(Optional<Instant> since) {
    return since
        .map(instant -> Duration.between(instant, clock.instant()).toMillis() / 1e3)
        .orElse(0.0);
  }

  private static final class Known {
    private volatile NodeProgress progress = NodeProgress.NONE;
  }
}
