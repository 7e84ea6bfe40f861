package dev.caisson.auditor.trail;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.SortedSet;

/**
 * The weeks in which the records of the trail have come: what retention drops, one after the other.
 */
sealed interface Weeks permits PartitionedWeeks, DeletedWeeks {

  Duration LENGTH = Duration.ofDays(7);

  /** The number of a week: since 1970-01-01, a Thursday. */
  static int of(Instant time) {
    return (int) Math.floorDiv(time.getEpochSecond(), LENGTH.toSeconds());
  }

  /** The last week all of which is over for so long. */
  static int lastBefore(Instant now, Duration retention) {
    return of(now.minus(retention)) - 1;
  }

  /** Makes room for what comes in a week and the next ones. */
  void prepare(int week) throws SQLException;

  /** Those that there are up to one, and that hold, or could hold, records. */
  SortedSet<Integer> upTo(int week) throws SQLException;

  /**
   * Drops a week.
   *
   * @param connection of a transaction that has moved the anchors, and is to be committed; a week
   *     may lose its records one batch after the other, in transactions after it
   */
  void drop(Connection connection, int week) throws SQLException;
}
