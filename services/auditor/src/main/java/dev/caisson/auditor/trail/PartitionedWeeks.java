package dev.caisson.auditor.trail;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * PostgreSQL: a partition for each week, made ahead, and dropped whole. So dropping costs the same
 * however much is in it, and leaves nothing to vacuum.
 */
record PartitionedWeeks(TrailDatabase database) implements Weeks {

  /**
   * Partitions after that of a week: for auditors whose clocks are ahead, or that are not let in.
   */
  static final int AHEAD = 4;

  private static final String PREFIX = "trail_week_";

  // Any number that nobody else takes for a lock in this database.
  private static final long LOCK = 0x7472_6169_6c77_6b73L;

  // What waits behind us for the table waits as long.
  private static final String LOCK_TIMEOUT = "SET LOCAL lock_timeout = '10s'";

  @Override
  public void prepare(int week) throws SQLException {
    if (all().containsAll(range(week))) {
      return; // to make one locks the table
    }
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      statement.execute(LOCK_TIMEOUT);
      statement.execute("SELECT pg_advisory_xact_lock(" + LOCK + ")");
      for (int each : range(week)) {
        statement.execute(
            "CREATE TABLE IF NOT EXISTS %s%d PARTITION OF trail FOR VALUES FROM (%d) TO (%d)"
                .formatted(PREFIX, each, each, each + 1));
      }
      connection.commit();
    }
  }

  private static SortedSet<Integer> range(int week) {
    SortedSet<Integer> weeks = new TreeSet<>();
    for (int each = week; each <= week + AHEAD; each++) {
      weeks.add(each);
    }
    return weeks;
  }

  @Override
  public SortedSet<Integer> upTo(int week) throws SQLException {
    return all().headSet(week + 1);
  }

  private SortedSet<Integer> all() throws SQLException {
    SortedSet<Integer> weeks = new TreeSet<>();
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
                    + " WHERE i.inhparent = 'trail'::regclass")) {
      while (row.next()) {
        weeks.add(Integer.parseInt(row.getString(1).substring(PREFIX.length())));
      }
    }
    return weeks;
  }

  @Override
  public void drop(Connection connection, int week) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(LOCK_TIMEOUT);
      statement.execute("DROP TABLE IF EXISTS " + PREFIX + week);
    }
  }
}
