package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import dev.caisson.events.HashChain;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Makes weeks ahead, and drops those that are over for as long as records are kept. Before a week
 * goes, the chain of each node is followed through it, and the last of its records that holds is
 * remembered as the {@link Anchor}. So a node of which something is missing keeps its old anchor,
 * and what was found is found still. Several auditors may do this at once.
 */
final class Retention {

  private final TrailDatabase database;
  private final TrailReader reader;
  private final TrailNodes nodes;
  private final Duration retention;
  private final Clock clock;

  /** One that keeps records for so long after they came; zero: for ever. */
  Retention(TrailDatabase database, Duration retention, Clock clock) {
    this.database = database;
    this.reader = new TrailReader(database);
    this.nodes = new TrailNodes(database);
    this.retention = retention;
    this.clock = clock;
  }

  /** Makes room for what comes now. */
  void prepare() throws SQLException {
    database.weeks().prepare(Weeks.of(clock.instant()));
  }

  /**
   * Drops what is to be dropped.
   *
   * @return how many weeks
   */
  int run() throws SQLException {
    prepare();
    if (retention.isZero()) {
      return 0;
    }
    int last = Weeks.lastBefore(clock.instant(), retention);
    int dropped = 0;
    for (int week : database.weeks().upTo(last)) {
      drop(week);
      dropped++;
    }
    dropAside(last);
    return dropped;
  }

  /** What cannot be in the trail is kept for as long. */
  private void dropAside(int last) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement delete =
            connection.prepareStatement(
                "DELETE FROM trail_aside WHERE arrived_week BETWEEN 1 AND ?")) {
      delete.setInt(1, last);
      delete.executeUpdate();
    }
  }

  private void drop(int week) throws SQLException {
    SortedMap<String, Anchor> anchors = anchors(week);
    try (Connection connection = database.connect()) {
      connection.setAutoCommit(false);
      try {
        move(connection, anchors);
        database.weeks().drop(connection, week);
        connection.commit();
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      }
    }
  }

  // Never back: another auditor can have dropped a later week meanwhile.
  private static void move(Connection connection, SortedMap<String, Anchor> anchors)
      throws SQLException {
    Map<String, NodeRow> rows =
        TrailNodes.lock(connection, new java.util.TreeSet<>(anchors.keySet()));
    for (NodeRow row : rows.values()) {
      Anchor anchor = anchors.get(row.node());
      if (anchor != null && !row.isBeforeAnchor(anchor.position())) {
        TrailNodes.anchor(connection, row.node(), anchor);
      }
    }
  }

  private SortedMap<String, Anchor> anchors(int week) throws SQLException {
    Map<String, NodeRow> rows = nodes.all();
    SortedMap<String, Anchor> anchors = new TreeMap<>();
    for (Map.Entry<String, Position> last : reader.lastOfEachNodeIn(week).entrySet()) {
      String node = last.getKey();
      Optional<Anchor> before = Optional.ofNullable(rows.get(node)).flatMap(NodeRow::anchor);
      anchor(week, node, before, last.getValue()).ifPresent(anchor -> anchors.put(node, anchor));
    }
    return anchors;
  }

  // Where the chain breaks on the way, the last of the week before that.
  private Optional<Anchor> anchor(int week, String node, Optional<Anchor> before, Position last)
      throws SQLException {
    Walk walk = walk(node, before, last);
    if (walk.at.equals(last)) {
      return walk.anchor();
    }
    Position lastThatHolds = reader.lastIn(week, node, walk.at);
    return walk(node, before, lastThatHolds).anchor();
  }

  private Walk walk(String node, Optional<Anchor> before, Position end) throws SQLException {
    Walk walk = new Walk(before);
    while (walk.at.compareTo(end) < 0) {
      List<TrailEntry> page = reader.pageOfNode(node, walk.at);
      if (page.isEmpty() || !walk.take(page, end)) {
        return walk;
      }
    }
    return walk;
  }

  /** A way along the chain of a node. */
  private static final class Walk {

    private Position at;
    private ByteString chain;
    private Optional<Anchor> last = Optional.empty();

    Walk(Optional<Anchor> from) {
      at = from.map(Anchor::position).orElse(Position.START);
      chain = from.map(anchor -> anchor.entry().chain()).orElse(HashChain.GENESIS);
    }

    // False: what is next does not follow.
    boolean take(List<TrailEntry> page, Position end) {
      for (TrailEntry entry : page) {
        Position position = entry.position();
        if (position.compareTo(end) > 0) {
          return true;
        }
        long expected = position.epoch() == at.epoch() ? at.seq() + 1 : 1;
        if (position.seq() != expected
            || !HashChain.next(chain, entry.event()).equals(entry.chain())) {
          return false;
        }
        last = Optional.of(new Anchor(chain, entry));
        at = position;
        chain = entry.chain();
      }
      return true;
    }

    Optional<Anchor> anchor() {
      return last;
    }
  }
}
