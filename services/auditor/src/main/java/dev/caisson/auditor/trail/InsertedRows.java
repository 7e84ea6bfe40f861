package dev.caisson.auditor.trail;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Collection;

/** By INSERT, which every database has. */
final class InsertedRows implements Rows {

  private static final String INSERT =
      "INSERT INTO trail ("
          + COLUMNS
          + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

  @Override
  public void insert(Connection connection, Collection<TrailEntry> entries, int week)
      throws SQLException {
    try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
      for (TrailEntry entry : entries) {
        set(insert, entry, week);
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }

  private static void set(PreparedStatement insert, TrailEntry entry, int week)
      throws SQLException {
    TrailColumns columns = entry.columns();
    insert.setString(1, columns.node());
    insert.setLong(2, columns.position().epoch());
    insert.setLong(3, columns.position().seq());
    insert.setLong(4, columns.sandboxSeq());
    insert.setLong(5, columns.timeNanos());
    insert.setString(6, columns.type());
    insert.setString(7, columns.phase());
    insert.setString(8, columns.outcome());
    insert.setString(9, columns.tenant());
    insert.setString(10, columns.sandboxId());
    insert.setString(11, columns.sandboxUid());
    insert.setString(12, columns.containerId());
    insert.setString(13, columns.containerUid());
    insert.setString(14, columns.principal());
    insert.setBytes(15, entry.event().toByteArray());
    insert.setBytes(16, entry.chain().toByteArray());
    insert.setInt(17, week);
  }
}
