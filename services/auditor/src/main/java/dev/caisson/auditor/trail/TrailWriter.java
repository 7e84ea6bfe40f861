package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import dev.caisson.auditor.trail.TrailBatch.Received;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import javax.sql.DataSource;

/**
 * Writes what was read, and how far it was read, in one transaction: so a restart neither loses nor
 * repeats. Idempotent on (node, epoch, seq): what came first stays.
 */
final class TrailWriter {

  private static final String INSERT =
      """
      INSERT INTO trail (node, epoch, seq, sandbox_seq, time_nanos, type, phase, outcome, tenant,
          sandbox_id, sandbox_uid, container_id, container_uid, principal, event, chain)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """;

  private final DataSource database;

  TrailWriter(DataSource database) {
    this.database = database;
  }

  /** The next offset to read of a partition; empty: it has never been read. */
  OptionalLong nextOffset(String topic, int partition) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement select =
            connection.prepareStatement(
                "SELECT next_offset FROM trail_offset WHERE topic = ? AND partition_id = ?")) {
      select.setString(1, topic);
      select.setInt(2, partition);
      try (ResultSet row = select.executeQuery()) {
        return row.next() ? OptionalLong.of(row.getLong(1)) : OptionalLong.empty();
      }
    }
  }

  /**
   * Stores a batch.
   *
   * @return how many records were new, how many were set aside
   * @throws SQLException also when somebody else has written the offsets meanwhile; nothing is
   *     stored
   */
  Stored store(TrailBatch batch) throws SQLException {
    try (Connection connection = database.getConnection()) {
      connection.setAutoCommit(false);
      try {
        Stored stored = store(connection, batch);
        connection.commit();
        return stored;
      } catch (SQLException e) {
        connection.rollback();
        throw e;
      }
    }
  }

  /** What came of a batch. */
  record Stored(int added, List<AsideRecord> aside) {}

  private static Stored store(Connection connection, TrailBatch batch) throws SQLException {
    List<AsideRecord> aside = new ArrayList<>(batch.aside());
    int added = insert(connection, batch.received(), aside);
    insertAside(connection, aside);
    for (PartitionOffset offset : batch.offsets()) {
      move(connection, offset);
    }
    return new Stored(added, aside);
  }

  private static int insert(Connection connection, List<Received> received, List<AsideRecord> aside)
      throws SQLException {
    Map<String, TrailEntry> fresh = new HashMap<>();
    try (PreparedStatement select =
            connection.prepareStatement(
                "SELECT event, chain FROM trail WHERE node = ? AND epoch = ? AND seq = ?");
        PreparedStatement insert = connection.prepareStatement(INSERT)) {
      for (Received record : received) {
        switch (seenBefore(select, record.entry(), fresh)) {
          case NEVER -> addBatch(insert, record.entry());
          case THE_SAME -> {}
          case ANOTHER -> aside.add(record.inConflict());
        }
      }
      insert.executeBatch();
    }
    return fresh.size();
  }

  private enum Seen {
    NEVER,
    THE_SAME,
    ANOTHER
  }

  private static Seen seenBefore(
      PreparedStatement select, TrailEntry entry, Map<String, TrailEntry> fresh)
      throws SQLException {
    select.setString(1, entry.columns().node());
    select.setLong(2, entry.position().epoch());
    select.setLong(3, entry.position().seq());
    try (ResultSet row = select.executeQuery()) {
      if (row.next()) {
        return same(entry, bytes(row, 1), bytes(row, 2));
      }
    }
    String key = entry.columns().node() + "/" + entry.position();
    TrailEntry first = fresh.putIfAbsent(key, entry);
    return first == null ? Seen.NEVER : same(entry, first.event(), first.chain());
  }

  private static Seen same(TrailEntry entry, ByteString event, ByteString chain) {
    return entry.event().equals(event) && entry.chain().equals(chain)
        ? Seen.THE_SAME
        : Seen.ANOTHER;
  }

  private static ByteString bytes(ResultSet row, int column) throws SQLException {
    return ByteString.copyFrom(row.getBytes(column));
  }

  private static void addBatch(PreparedStatement insert, TrailEntry entry) throws SQLException {
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
    insert.addBatch();
  }

  // One that is there already came with a batch that was stored before the offsets were lost.
  private static void insertAside(Connection connection, List<AsideRecord> aside)
      throws SQLException {
    try (PreparedStatement delete =
            connection.prepareStatement(
                "DELETE FROM trail_aside WHERE topic = ? AND partition_id = ? AND record_offset = ?");
        PreparedStatement insert =
            connection.prepareStatement(
                "INSERT INTO trail_aside (topic, partition_id, record_offset, reason, message,"
                    + " record_value) VALUES (?, ?, ?, ?, ?, ?)")) {
      for (AsideRecord record : aside) {
        setPlace(delete, record);
        delete.executeUpdate();
        setPlace(insert, record);
        insert.setString(4, record.reason().name());
        insert.setString(5, record.message());
        insert.setBytes(6, record.value().toByteArray());
        insert.executeUpdate();
      }
    }
  }

  private static void setPlace(PreparedStatement statement, AsideRecord record)
      throws SQLException {
    statement.setString(1, record.topic());
    statement.setInt(2, record.partition());
    statement.setLong(3, record.offset());
  }

  private static void move(Connection connection, PartitionOffset offset) throws SQLException {
    try (PreparedStatement update =
        connection.prepareStatement(
            "UPDATE trail_offset SET next_offset = ? WHERE topic = ? AND partition_id = ?"
                + " AND next_offset = ?")) {
      update.setLong(1, offset.next());
      update.setString(2, offset.topic());
      update.setInt(3, offset.partition());
      update.setLong(4, offset.before());
      if (update.executeUpdate() == 0) {
        insertOffset(connection, offset);
      }
    }
  }

  // Where another auditor has taken the partition over, this breaks the primary key, and so the
  // transaction.
  private static void insertOffset(Connection connection, PartitionOffset offset)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO trail_offset (topic, partition_id, next_offset) VALUES (?, ?, ?)")) {
      insert.setString(1, offset.topic());
      insert.setInt(2, offset.partition());
      insert.setLong(3, offset.next());
      insert.executeUpdate();
    }
  }
}
