package dev.caisson.auditor.trail;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * For how long the records of each node have waited for a checkpoint that vouches for them. The
 * same at each auditor, whichever partitions it reads. Thread-safe.
 */
final class CheckpointAges {

  /** Whoever writes to the topic chooses the names. */
  static final int MAX_NODES = 1_000;

  private final MeterRegistry registry;
  private final Clock clock;
  private final Map<String, Waiting> nodes = new ConcurrentHashMap<>();

  CheckpointAges(MeterRegistry registry, Clock clock) {
    this.registry = registry;
    this.clock = clock;
  }

  /** Takes what is known now. */
  void refresh(Map<String, NodeRow> rows) {
    rows.values().forEach(row -> refresh(row.node(), row.progress().waitingSince()));
  }

  void refresh(String node, Optional<Instant> waitingSince) {
    Waiting known = nodes.get(node);
    if (known == null && nodes.size() < MAX_NODES) {
      known = nodes.computeIfAbsent(node, this::register);
    }
    if (known != null) {
      known.since = waitingSince;
    }
  }

  private Waiting register(String node) {
    Waiting since = new Waiting();
    Gauge.builder("caisson.trail.checkpoint.age", since, this::age)
        .baseUnit("seconds")
        .description("For how long the node's records have waited for a checkpoint")
        .tag("node", node)
        .register(registry);
    return since;
  }

  private double age(Waiting waiting) {
    return waiting
        .since
        .map(instant -> Duration.between(instant, clock.instant()).toMillis() / 1e3)
        .orElse(0.0);
  }

  private static final class Waiting {
    private volatile Optional<Instant> since = Optional.empty();
  }
}
