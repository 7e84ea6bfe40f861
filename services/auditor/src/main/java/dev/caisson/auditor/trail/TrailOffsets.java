package dev.caisson.auditor.trail;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** How far each partition has been read and stored, by whichever auditor. Thread-safe. */
final class TrailOffsets {

  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);

  private final TrailDatabase database;

  TrailOffsets(TrailDatabase database) {
    this.database = database;
  }

  /** The next offset to read of a partition; empty: it has never been read. */
  OptionalLong next(SourceTopic topic, int partition) throws SQLException {
    Long next = next(topic).get(partition);
    return next == null ? OptionalLong.empty() : OptionalLong.of(next);
  }

  /**
   * What was read before topics' ids were kept, or by an auditor that does not know them, was read
   * of this one.
   */
  void adopt(SourceTopic topic) throws SQLException {
    if (topic.id().isEmpty()) {
      return;
    }
    try (Connection connection = database.connect();
        PreparedStatement update =
            connection.prepareStatement(
                "UPDATE trail_offset SET topic_id = ? WHERE topic = ? AND topic_id = ''"
                    + " AND NOT EXISTS (SELECT 1 FROM trail_offset o WHERE o.topic = ?"
                    + " AND o.topic_id = ? AND o.partition_id = trail_offset.partition_id)");
        PreparedStatement delete =
            connection.prepareStatement(
                "DELETE FROM trail_offset WHERE topic = ? AND topic_id = ''")) {
      update.setString(1, topic.id());
      update.setString(2, topic.name());
      update.setString(3, topic.name());
      update.setString(4, topic.id());
      update.executeUpdate();
      delete.setString(1, topic.name());
      delete.executeUpdate();
    }
  }

  /** Waits until each partition is read up to its end; false: the time was not enough. */
  boolean awaitPast(SourceTopic topic, Map<Integer, Long> ends, Duration patience)
      throws SQLException {
    long deadline = System.nanoTime() + patience.toNanos();
    while (!past(next(topic), ends)) {
      if (System.nanoTime() - deadline >= 0) {
        return false;
      }
      try {
        Thread.sleep(LOOK_AGAIN);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return true;
  }

  private static boolean past(Map<Integer, Long> next, Map<Integer, Long> ends) {
    return ends.entrySet().stream()
        .allMatch(end -> next.getOrDefault(end.getKey(), 0L) >= end.getValue());
  }

  private Map<Integer, Long> next(SourceTopic topic) throws SQLException {
    Map<Integer, Long> next = new HashMap<>();
    try (Connection connection = database.connect();
        PreparedStatement select =
            connection.prepareStatement(
                "SELECT partition_id, next_offset FROM trail_offset"
                    + " WHERE topic = ? AND topic_id = ?")) {
      select.setString(1, topic.name());
      select.setString(2, topic.id());
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          next.put(row.getInt(1), row.getLong(2));
        }
      }
    }
    return next;
  }

  /**
   * Moves offsets on from where they are expected to be: with the records, in one transaction.
   *
   * @throws SQLException when somebody else has moved one; nothing of the transaction is to be kept
   */
  static void move(Connection connection, List<PartitionOffset> offsets) throws SQLException {
    try (PreparedStatement update =
            connection.prepareStatement(
                "UPDATE trail_offset SET next_offset = ?"
                    + " WHERE topic = ? AND topic_id = ? AND partition_id = ? AND next_offset = ?");
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO trail_offset (next_offset, topic, topic_id, partition_id)"
                    + " VALUES (?, ?, ?, ?)"
                    + " ON CONFLICT DO NOTHING")) {
      for (PartitionOffset offset : ordered(offsets)) {
        place(update, offset);
        update.setLong(5, offset.before());
        if (update.executeUpdate() == 0 && !isFirst(insert, offset)) {
          throw new SQLException(
              "Another auditor has read on in partition %d of %s, which is left to it"
                  .formatted(offset.partition(), offset.topic().name()));
        }
      }
    }
  }

  private static boolean isFirst(PreparedStatement insert, PartitionOffset offset)
      throws SQLException {
    place(insert, offset);
    return insert.executeUpdate() == 1;
  }

  private static void place(PreparedStatement statement, PartitionOffset offset)
      throws SQLException {
    statement.setLong(1, offset.next());
    statement.setString(2, offset.topic().name());
    statement.setString(3, offset.topic().id());
    statement.setInt(4, offset.partition());
  }

  // Two that move the same ones wait for each other, and never both.
  private static List<PartitionOffset> ordered(List<PartitionOffset> offsets) {
    return offsets.stream()
        .sorted(
            Comparator.comparing((PartitionOffset offset) -> offset.topic().name())
                .thenComparingInt(PartitionOffset::partition))
        .toList();
  }
}
