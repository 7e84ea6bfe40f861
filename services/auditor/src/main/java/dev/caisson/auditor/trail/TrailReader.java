package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * Reads the trail in the journal's order, a page at a time: as many records as a trail has do not
 * fit into memory. Every query walks one index in its order, and has one connection at a time.
 */
final class TrailReader {

  /** Records of a page. */
  static final int PAGE = 500;

  static final String COLUMNS =
      "node, epoch, seq, sandbox_seq, time_nanos, type, phase, outcome, tenant, sandbox_id,"
          + " sandbox_uid, container_id, container_uid, principal, event, chain";

  private final TrailDatabase database;

  TrailReader(TrailDatabase database) {
    this.database = database;
  }

  /** The last record of each node. */
  Map<String, Position> lastOfEachNode() throws SQLException {
    Map<String, Position> last = new TreeMap<>();
    Optional<String> node = next("SELECT MIN(node) FROM trail WHERE node > ?", "");
    while (node.isPresent()) {
      last.put(node.get(), last(node.get()));
      node = next("SELECT MIN(node) FROM trail WHERE node > ?", node.get());
    }
    return last;
  }

  /** The last record of each node of which some have come in a week. */
  Map<String, Position> lastOfEachNodeIn(int week) throws SQLException {
    Map<String, Position> last = new TreeMap<>();
    String sql = "SELECT MIN(node) FROM trail WHERE arrived_week = " + week + " AND node > ?";
    Optional<String> node = next(sql, "");
    while (node.isPresent()) {
      last.put(node.get(), lastIn(week, node.get(), Position.END));
      node = next(sql, node.get());
    }
    return last;
  }

  /** The last record of a node that has come in a week, up to a position. */
  Position lastIn(int week, String node, Position end) throws SQLException {
    String upToEnd =
        "(epoch < %1$d OR (epoch = %1$d AND seq <= %2$d))".formatted(end.epoch(), end.seq());
    return last(
        "SELECT epoch, seq FROM trail WHERE arrived_week = %d AND %s AND node = ?"
            .formatted(week, upToEnd),
        node);
  }

  /** The sandbox after one, in the order of uids; "" is before all. */
  Optional<String> sandboxAfter(String node, String uid) throws SQLException {
    return next("SELECT MIN(sandbox_uid) FROM trail WHERE node = ? AND sandbox_uid > ?", node, uid);
  }

  /** The records of a node after a position, of one epoch only; empty: there are none after it. */
  List<TrailEntry> pageOfNode(String node, Position after) throws SQLException {
    List<TrailEntry> page = page("node = ?", after, node);
    return page.isEmpty() ? firstPage("node = ?", after, node) : page;
  }

  /**
   * The records of a sandbox after a position, of one epoch only; empty: there are none after it.
   */
  List<TrailEntry> pageOfSandbox(String node, String uid, Position after) throws SQLException {
    String where = "node = ? AND sandbox_uid = ?";
    List<TrailEntry> page = page(where, after, node, uid);
    return page.isEmpty() ? firstPage(where, after, node, uid) : page;
  }

  private List<TrailEntry> page(String where, Position after, String... values)
      throws SQLException {
    String sql =
        "SELECT %s FROM trail WHERE %s AND epoch = ? AND seq > ? ORDER BY seq FETCH FIRST %d ROWS ONLY"
            .formatted(COLUMNS, where, PAGE);
    try (Connection connection = database.connect();
        PreparedStatement select = connection.prepareStatement(sql)) {
      int index = set(select, values);
      select.setLong(index++, after.epoch());
      select.setLong(index, after.seq());
      return entries(select);
    }
  }

  private List<TrailEntry> firstPage(String where, Position after, String... values)
      throws SQLException {
    OptionalLong epoch = epochAfter(where, after, values);
    return epoch.isEmpty() ? List.of() : page(where, new Position(epoch.getAsLong(), 0), values);
  }

  private OptionalLong epochAfter(String where, Position after, String... values)
      throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement select =
            connection.prepareStatement(
                "SELECT MIN(epoch) FROM trail WHERE %s AND epoch > ?".formatted(where))) {
      select.setLong(set(select, values), after.epoch());
      try (ResultSet row = select.executeQuery()) {
        row.next();
        long epoch = row.getLong(1);
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(epoch);
      }
    }
  }

  /** The last checkpoint of a node; {@link Position#START}: there is none. */
  Position lastCheckpoint(String node) throws SQLException {
    return last(
        "SELECT epoch, seq FROM trail WHERE node = ? AND type = ?", node, NodeProgress.CHECKPOINT);
  }

  /** The last record of a node; {@link Position#START}: there is none. */
  Position last(String node) throws SQLException {
    return last("SELECT epoch, seq FROM trail WHERE node = ?", node);
  }

  private Position last(String sql, String... values) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement select =
            connection.prepareStatement(
                sql + " ORDER BY epoch DESC, seq DESC FETCH FIRST 1 ROWS ONLY")) {
      set(select, values);
      try (ResultSet row = select.executeQuery()) {
        return row.next() ? new Position(row.getLong(1), row.getLong(2)) : Position.START;
      }
    }
  }

  private Optional<String> next(String sql, String... values) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement select = connection.prepareStatement(sql)) {
      set(select, values);
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return Optional.ofNullable(row.getString(1));
      }
    }
  }

  // The index of the next parameter.
  private static int set(PreparedStatement statement, String... values) throws SQLException {
    for (int i = 0; i < values.length; i++) {
      statement.setString(i + 1, values[i]);
    }
    return values.length + 1;
  }

  static List<TrailEntry> entries(PreparedStatement select) throws SQLException {
    List<TrailEntry> entries = new ArrayList<>();
    try (ResultSet row = select.executeQuery()) {
      while (row.next()) {
        entries.add(entry(row));
      }
    }
    return entries;
  }

  static TrailEntry entry(ResultSet row) throws SQLException {
    TrailColumns columns =
        new TrailColumns(
            row.getString("node"),
            new Position(row.getLong("epoch"), row.getLong("seq")),
            row.getLong("sandbox_seq"),
            row.getLong("time_nanos"),
            row.getString("type"),
            row.getString("phase"),
            row.getString("outcome"),
            row.getString("tenant"),
            row.getString("sandbox_id"),
            row.getString("sandbox_uid"),
            row.getString("container_id"),
            row.getString("container_uid"),
            row.getString("principal"));
    return new TrailEntry(
        columns,
        ByteString.copyFrom(row.getBytes("event")),
        ByteString.copyFrom(row.getBytes("chain")));
  }
}
