package dev.caisson.auditor.trail;

import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds the horizon by the topic's ends. A record that came through the topic was committed, and
 * with it all that its relay had sent before: they are below the partitions' ends as they are now,
 * open transactions included. So when the consumers, of whichever auditor, have passed those ends,
 * everything up to that record has arrived. In the topic of another Kafka the relay begins with
 * what the journal still has: until a node's last record has come through that one, too, some from
 * before may be on their way, for as long as a relay may take. While Kafka is away, the last
 * horizon that was proven holds. Thread-safe.
 */
final class TopicHorizon implements Horizon {

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /**
   * For what the old Kafka had. Not longer: a node of which nothing comes any more is verified as a
   * whole again, whatever the database says of how it came.
   */
  static final Duration ON_THE_WAY = Duration.ofHours(1);

  private final Supplier<Optional<TopicEnds>> ends;
  private final TrailOffsets offsets;
  private final TrailNodes nodes;
  private final Clock clock;
  private final AtomicReference<@Nullable Known> known = new AtomicReference<>();

  /** The topic, and since when it is read here. */
  private record Known(SourceTopic topic, Instant since) {}

  TopicHorizon(
      Supplier<Optional<TopicEnds>> ends, TrailOffsets offsets, TrailNodes nodes, Clock clock) {
    this.ends = ends;
    this.clock = clock;
    this.offsets = offsets;
    this.nodes = nodes;
  }

  @Override
  public Map<String, Position> settled(Map<String, Position> last) throws SQLException {
    Map<String, NodeRow> rows = nodes.all();
    Map<String, Position> settled = new HashMap<>(last);
    settled.replaceAll((node, end) -> proven(rows.get(node), end));
    proven(last).ifPresent(settled::putAll);
    return settled;
  }

  @Override
  public Optional<Map<String, Position>> proven(Map<String, Position> last) throws SQLException {
    Map<String, NodeRow> rows = nodes.all(); // before the ends, as what is last
    Optional<TopicEnds> now = ends.get();
    if (now.isEmpty() || !offsets.awaitPast(now.get().topic(), now.get().next(), PATIENCE)) {
      return Optional.empty();
    }
    SourceTopic topic = now.get().topic();
    SortedMap<String, Position> proven = new TreeMap<>(last);
    if (isNew(topic)) {
      proven.clear();
      last.forEach(
          (node, end) -> proven(rows.get(node), topic, end).ifPresent(it -> proven.put(node, it)));
    }
    nodes.settle(proven);
    return Optional.of(proven);
  }

  private boolean isNew(SourceTopic topic) {
    Instant now = clock.instant();
    Known since =
        Objects.requireNonNull(
            known.updateAndGet(
                one -> one == null || !one.topic().equals(topic) ? new Known(topic, now) : one));
    return now.isBefore(since.since().plus(ON_THE_WAY));
  }

  /** Not before what was proven already; empty: nothing is. */
  private static Optional<Position> proven(@Nullable NodeRow row, SourceTopic topic, Position end) {
    if (row == null) {
      return Optional.empty();
    }
    Position through = row.progress().through().in(topic);
    return Optional.of(Position.later(through, row.settled()))
        .filter(position -> !position.equals(Position.START))
        .map(position -> Position.earlier(position, end));
  }

  private static boolean isNeverProven(@Nullable NodeRow row) {
    return row == null || row.settled().equals(Position.START);
  }

  // Where none was ever proven, it is left to the reader of what is found.
  private static Position proven(@Nullable NodeRow row, Position end) {
    return row == null || isNeverProven(row) ? end : row.settled();
  }
}
