package dev.caisson.auditor.trail;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import javax.sql.DataSource;

/**
 * The last horizon of each node that was proven, in the database, so that it holds while Kafka is
 * away.
 */
final class SettledPositions {

  private final DataSource database;

  SettledPositions(DataSource database) {
    this.database = database;
  }

  void save(Map<String, Position> positions) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement delete =
            connection.prepareStatement("DELETE FROM trail_settled WHERE node = ?");
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO trail_settled (node, epoch, seq) VALUES (?, ?, ?)")) {
      connection.setAutoCommit(false);
      for (Map.Entry<String, Position> position : positions.entrySet()) {
        delete.setString(1, position.getKey());
        delete.executeUpdate();
        insert.setString(1, position.getKey());
        insert.setLong(2, position.getValue().epoch());
        insert.setLong(3, position.getValue().seq());
        insert.executeUpdate();
      }
      connection.commit();
    }
  }

  Map<String, Position> of(Set<String> nodes) throws SQLException {
    Map<String, Position> settled = new HashMap<>();
    try (Connection connection = database.getConnection();
        PreparedStatement select =
            connection.prepareStatement("SELECT node, epoch, seq FROM trail_settled");
        ResultSet row = select.executeQuery()) {
      while (row.next()) {
        settled.put(row.getString(1), new Position(row.getLong(2), row.getLong(3)));
      }
    }
    settled.keySet().retainAll(nodes);
    return settled;
  }
}
