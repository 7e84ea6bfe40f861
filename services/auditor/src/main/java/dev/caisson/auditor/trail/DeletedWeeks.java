package dev.caisson.auditor.trail;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * H2, which has no partitions: a week is deleted by index, a bounded batch at a time, so that the
 * consumer never waits for long. A table for each week would have to be named in every query.
 */
record DeletedWeeks(TrailDatabase database) implements Weeks {

  /** Records of a transaction. */
  static final int BATCH = 1_000;

  @Override
  public void prepare(int week) {}

  @Override
  public SortedSet<Integer> upTo(int week) throws SQLException {
    SortedSet<Integer> weeks = new TreeSet<>();
    try (Connection connection = database.connect();
        PreparedStatement select =
            connection.prepareStatement(
                "SELECT DISTINCT arrived_week FROM trail WHERE arrived_week <= ?")) {
      select.setInt(1, week);
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          weeks.add(row.getInt(1));
        }
      }
    }
    return weeks;
  }

  // The anchors first: what is left of a week after a crash is before them, and goes at the next
  // run.
  @Override
  public void drop(Connection connection, int week) throws SQLException {
    connection.commit();
    try (PreparedStatement delete =
        connection.prepareStatement(
            "DELETE FROM trail WHERE arrived_week = ? FETCH FIRST " + BATCH + " ROWS ONLY")) {
      delete.setInt(1, week);
      int deleted;
      do {
        deleted = delete.executeUpdate();
        connection.commit();
      } while (deleted == BATCH);
    }
  }
}
