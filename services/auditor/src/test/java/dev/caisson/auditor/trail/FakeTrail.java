package dev.caisson.auditor.trail;

import dev.caisson.auditor.trail.TrailBatch.Received;
import dev.caisson.events.JournalRecord;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A trail in memory, with a hand that can alter it. */
final class FakeTrail implements AutoCloseable {

  private static final AtomicInteger NAMES = new AtomicInteger();
  private static final String TOPIC = "t";

  final TrailDatabase database;
  private long offset;

  FakeTrail() throws SQLException {
    database = TrailDatabase.open("jdbc:h2:mem:trail" + NAMES.incrementAndGet());
  }

  TrailWriter.Stored store(List<JournalRecord> records) throws Exception {
    List<Received> received = new ArrayList<>();
    long before = offset;
    for (JournalRecord record : records) {
      TrailEntry entry = TrailEntry.received(record.event(), record.chain());
      received.add(new Received(TOPIC, 0, offset++, entry));
    }
    PartitionOffset moved = new PartitionOffset(TOPIC, 0, before, offset);
    return new TrailWriter(database.connections())
        .store(new TrailBatch(received, List.of(), List.of(moved)));
  }

  void alter(String sql, Object... values) throws SQLException {
    try (Connection connection = database.connections().getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      if (statement.executeUpdate() == 0) {
        throw new AssertionError("Nothing was altered: " + sql);
      }
    }
  }

  Verification verify(String node) throws SQLException {
    return new TrailVerifier(database, last -> last).verify(node).orElseThrow();
  }

  Verification verifyUpTo(String node, Position end) throws SQLException {
    return new TrailVerifier(database, _ -> Map.of(node, end)).verify(node).orElseThrow();
  }

  @Override
  public void close() {
    database.close();
  }
}
