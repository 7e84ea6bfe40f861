package dev.caisson.auditor.trail;

import dev.caisson.auditor.trail.TrailBatch.Received;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Writes what was read, and how far it was read, in one transaction: so a restart neither loses nor
 * repeats. Idempotent on (node, epoch, seq): what came first stays. No index can see to that, since
 * the weeks are apart: so the rows of the nodes are held, whatever number of auditors writes.
 */
final class TrailWriter {

  private final TrailDatabase database;
  private final Enrolment enrolment;
  private final Clock clock;

  TrailWriter(TrailDatabase database, Enrolment enrolment, Clock clock) {
    this.database = database;
    this.enrolment = enrolment;
    this.clock = clock;
  }

  /**
   * Stores a batch.
   *
   * @return how many records were new, how many were set aside
   * @throws SQLException also when somebody else has written the offsets meanwhile; nothing is
   *     stored
   */
  Stored store(TrailBatch batch) throws SQLException {
    try (Connection connection = database.connect()) {
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

  /**
   * What a batch comes to.
   *
   * @param fresh those whose numbers are new, in the order in which they came
   * @param conflicts those whose numbers other records have
   * @param progress how far each node has come with all of them
   */
  private record Sorted(
      List<TrailEntry> fresh, List<AsideRecord> conflicts, Map<String, NodeProgress> progress) {}

  /** A number that a record has, which only one may have. */
  private record RecordNumber(String node, Position position) {}

  private Stored store(Connection connection, TrailBatch batch) throws SQLException {
    Map<String, NodeRow> nodes = TrailNodes.lock(connection, nodes(batch));
    Sorted sorted = sorted(connection, batch.received(), nodes);
    List<AsideRecord> aside = new ArrayList<>(batch.aside());
    aside.addAll(sorted.conflicts());
    database.rows().insert(connection, sorted.fresh(), week());
    insertAside(connection, aside, week());
    TrailNodes.progressed(connection, sorted.progress());
    TrailOffsets.move(connection, batch.offsets());
    return new Stored(sorted.fresh().size(), aside);
  }

  private int week() {
    return Weeks.of(clock.instant());
  }

  private static SortedSet<String> nodes(TrailBatch batch) {
    return batch.received().stream()
        .map(record -> record.entry().columns().node())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private Sorted sorted(Connection connection, List<Received> received, Map<String, NodeRow> nodes)
      throws SQLException {
    Map<RecordNumber, TrailEntry> known = known(connection, received, nodes);
    Vouchers vouchers = new Vouchers(enrolment);
    Instant now = clock.instant();
    Sorted sorted = new Sorted(new ArrayList<>(), new ArrayList<>(), new TreeMap<>());
    for (Received record : received) {
      TrailEntry entry = record.entry();
      String node = entry.columns().node();
      NodeRow row = row(nodes, node);
      NodeProgress progress = sorted.progress().getOrDefault(node, row.progress());
      TrailEntry first = known.putIfAbsent(new RecordNumber(node, entry.position()), entry);
      if (first == null && !row.isBeforeAnchor(entry.position())) {
        sorted.fresh().add(entry);
        progress = progress.after(entry.position(), vouchers.of(entry), now);
      } else if (first != null && !isSame(first, entry)) {
        sorted.conflicts().add(record.inConflict());
      }
      sorted.progress().put(node, progress.through(record.topic(), entry.position()));
    }
    return sorted;
  }

  private static NodeRow row(Map<String, NodeRow> nodes, String node) {
    NodeRow row = nodes.get(node);
    if (row == null) {
      throw new AssertionError("The rows of all nodes are held");
    }
    return row;
  }

  private static boolean isSame(TrailEntry one, TrailEntry other) {
    return one.event().equals(other.event()) && one.chain().equals(other.chain());
  }

  // What is in the trail already under these numbers. Beyond the last number there is nothing.
  private static Map<RecordNumber, TrailEntry> known(
      Connection connection, List<Received> received, Map<String, NodeRow> nodes)
      throws SQLException {
    Map<String, Map<Long, List<Long>>> asked = new HashMap<>();
    for (Received record : received) {
      TrailColumns columns = record.entry().columns();
      Position position = columns.position();
      if (position.compareTo(row(nodes, columns.node()).progress().last()) <= 0) {
        asked
            .computeIfAbsent(columns.node(), _ -> new HashMap<>())
            .computeIfAbsent(position.epoch(), _ -> new ArrayList<>())
            .add(position.seq());
      }
    }
    return known(connection, asked);
  }

  private static Map<RecordNumber, TrailEntry> known(
      Connection connection, Map<String, Map<Long, List<Long>>> asked) throws SQLException {
    Map<RecordNumber, TrailEntry> known = new HashMap<>();
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT "
                + TrailReader.COLUMNS
                + " FROM trail WHERE node = ? AND epoch = ? AND seq = ANY(?)")) {
      for (Map.Entry<String, Map<Long, List<Long>>> node : asked.entrySet()) {
        for (Map.Entry<Long, List<Long>> epoch : node.getValue().entrySet()) {
          select.setString(1, node.getKey());
          select.setLong(2, epoch.getKey());
          select.setArray(3, connection.createArrayOf("BIGINT", epoch.getValue().toArray()));
          addKnown(select, known);
        }
      }
    }
    return known;
  }

  private static void addKnown(PreparedStatement select, Map<RecordNumber, TrailEntry> known)
      throws SQLException {
    try (ResultSet row = select.executeQuery()) {
      while (row.next()) {
        TrailEntry entry = TrailReader.entry(row);
        known.put(new RecordNumber(entry.columns().node(), entry.position()), entry);
      }
    }
  }

  // One that is there already came with a batch that was stored before the offsets were lost.
  private static void insertAside(Connection connection, List<AsideRecord> aside, int week)
      throws SQLException {
    try (PreparedStatement insert =
        connection.prepareStatement(
            "INSERT INTO trail_aside (topic, topic_id, partition_id, record_offset, reason,"
                + " message, record_value, arrived_week) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                + " ON CONFLICT DO NOTHING")) {
      for (AsideRecord record : aside) {
        insert.setString(1, record.topic().name());
        insert.setString(2, record.topic().id());
        insert.setInt(3, record.partition());
        insert.setLong(4, record.offset());
        insert.setString(5, record.reason().name());
        insert.setString(6, record.message());
        insert.setBytes(7, record.value().toByteArray());
        insert.setInt(8, week);
        insert.addBatch();
      }
      insert.executeBatch();
    }
  }
}
