package dev.caisson.auditor.trail;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;

/**
 * The rows of nodes. Who changes anything of a node holds its row, from before he looks until he
 * commits; whoever needs several takes them in the order of names, so that nobody waits for ever.
 */
final class TrailNodes {

  private static final String SELECT = "SELECT " + NodeRow.COLUMNS + " FROM trail_node";

  private final TrailDatabase database;

  TrailNodes(TrailDatabase database) {
    this.database = database;
  }

  /** Every node. */
  SortedMap<String, NodeRow> all() throws SQLException {
    SortedMap<String, NodeRow> rows = new TreeMap<>();
    try (Connection connection = database.connect();
        PreparedStatement select = connection.prepareStatement(SELECT);
        ResultSet row = select.executeQuery()) {
      while (row.next()) {
        NodeRow node = NodeRow.of(row);
        rows.put(node.node(), node);
      }
    }
    return rows;
  }

  /** Takes the rows of nodes, which are made where there are none, until the transaction ends. */
  static Map<String, NodeRow> lock(Connection connection, SortedSet<String> nodes)
      throws SQLException {
    Map<String, NodeRow> rows = new TreeMap<>();
    try (PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO trail_node (node) VALUES (?) ON CONFLICT DO NOTHING");
        PreparedStatement select =
            connection.prepareStatement(SELECT + " WHERE node = ? FOR UPDATE")) {
      for (String node : nodes) {
        if (!lock(select, node, rows)) {
          insert.setString(1, node);
          insert.executeUpdate();
          lock(select, node, rows);
        }
      }
    }
    return rows;
  }

  private static boolean lock(PreparedStatement select, String node, Map<String, NodeRow> rows)
      throws SQLException {
    select.setString(1, node);
    try (ResultSet row = select.executeQuery()) {
      if (!row.next()) {
        return false;
      }
      rows.put(node, NodeRow.of(row));
      return true;
    }
  }

  /** Keeps how far nodes have come, whose rows are held. */
  static void progressed(Connection connection, Map<String, NodeProgress> nodes)
      throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE trail_node SET last_epoch = ?, last_seq = ?, signed_epoch = ?, signed_seq = ?,"
                + " waiting_since = ?, signed_at = ?, ended = ?, through_topic = ?,"
                + " through_epoch = ?, through_seq = ? WHERE node = ?")) {
      for (Map.Entry<String, NodeProgress> node : nodes.entrySet()) {
        NodeProgress progress = node.getValue();
        update.setLong(1, progress.last().epoch());
        update.setLong(2, progress.last().seq());
        update.setLong(3, progress.signed().epoch());
        update.setLong(4, progress.signed().seq());
        update.setLong(5, millis(progress.waitingSince()));
        update.setLong(6, millis(progress.signedAt()));
        update.setBoolean(7, progress.ended());
        update.setString(8, progress.through().topic());
        update.setLong(9, progress.through().furthest().epoch());
        update.setLong(10, progress.through().furthest().seq());
        update.setString(11, node.getKey());
        update.addBatch();
      }
      update.executeBatch();
    }
  }

  private static long millis(Optional<Instant> time) {
    return time.map(Instant::toEpochMilli).orElse(0L);
  }

  /** Moves the anchor of a node whose row is held. */
  static void anchor(Connection connection, String node, Anchor anchor) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE trail_node SET anchor_chain_before = ?, anchor_event = ? WHERE node = ?")) {
      update.setBytes(1, anchor.chainBefore().toByteArray());
      update.setBytes(2, anchor.entry().event().toByteArray());
      update.setString(3, node);
      update.executeUpdate();
    }
  }

  /** Keeps horizons that were proven; one that is further is left, whoever proved it. */
  void settle(SortedMap<String, Position> positions) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement update =
            connection.prepareStatement(
                "UPDATE trail_node SET settled_epoch = ?, settled_seq = ? WHERE node = ?"
                    + " AND (settled_epoch < ? OR (settled_epoch = ? AND settled_seq < ?))")) {
      for (Map.Entry<String, Position> node : positions.entrySet()) {
        Position position = node.getValue();
        update.setLong(1, position.epoch());
        update.setLong(2, position.seq());
        update.setString(3, node.getKey());
        update.setLong(4, position.epoch());
        update.setLong(5, position.epoch());
        update.setLong(6, position.seq());
        update.executeUpdate();
      }
    }
  }
}
