package dev.caisson.auditor.trail;

import dev.caisson.auditor.trail.TrailBatch.Received;
import dev.caisson.events.JournalRecord;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** A trail in an empty database, with a hand that can alter it, and a clock that the hand sets. */
final class FakeTrail implements AutoCloseable {

  private static final AtomicInteger NAMES = new AtomicInteger();
  static final SourceTopic TOPIC = new SourceTopic("t", "first");
  private static final int CONNECTIONS = 4;

  final TrailDatabase database;
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private Duration retention = Duration.ZERO;
  private long offset;

  FakeTrail(TrailDatabase database) throws SQLException {
    this.database = database;
    retaining(Duration.ZERO).prepare();
  }

  /** A database in memory. */
  static TrailDatabase onH2() throws SQLException {
    return onH2(CONNECTIONS);
  }

  static TrailDatabase onH2(int connections) throws SQLException {
    String url = "jdbc:h2:mem:trail" + NAMES.incrementAndGet() + ";MODE=PostgreSQL";
    return TrailDatabase.open(settings(url, TrailDatabase.EMBEDDED_USER, connections));
  }

  static TrailSettings settings(String url, String user) {
    return settings(url, user, CONNECTIONS);
  }

  static TrailSettings settings(String url, String user, int connections) {
    return new TrailSettings(
        url, user, "", connections, Duration.ZERO, Duration.ZERO, Duration.ZERO);
  }

  Clock clock() {
    return ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
  }

  /** From now on it is another time, for which there is room. */
  void setTime(Instant time) throws SQLException {
    now = time;
    retaining(Duration.ZERO).prepare();
  }

  /** What is kept for no longer from now on. */
  Retention retaining(Duration newRetention) {
    retention = newRetention;
    return new Retention(database, newRetention, clock());
  }

  TrailWriter.Stored store(List<JournalRecord> records) throws Exception {
    return store(records, FakeEnrolment.NONE);
  }

  TrailWriter.Stored store(List<JournalRecord> records, Enrolment enrolment) throws Exception {
    List<Received> received = new ArrayList<>();
    long before = offset;
    for (JournalRecord record : records) {
      TrailEntry entry = TrailEntry.received(record.event(), record.chain());
      received.add(new Received(TOPIC, 0, offset++, entry));
    }
    PartitionOffset moved = new PartitionOffset(TOPIC, 0, before, offset);
    return new TrailWriter(database, enrolment, clock())
        .store(new TrailBatch(received, List.of(), List.of(moved)));
  }

  /** Something that is no event. */
  void setAside(byte[] value) throws Exception {
    TrailIntake intake = new TrailIntake(TOPIC);
    long before = offset;
    intake.add(new ConsumerRecord<>(TOPIC.name(), 0, offset++, null, value));
    new TrailWriter(database, FakeEnrolment.NONE, clock())
        .store(intake.batch(List.of(new PartitionOffset(TOPIC, 0, before, offset))));
  }

  void alter(String sql, Object... values) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      if (statement.executeUpdate() == 0) {
        throw new AssertionError("Nothing was altered: " + sql);
      }
    }
  }

  long count(String table) throws SQLException {
    try (Connection connection = database.connect();
        PreparedStatement select = connection.prepareStatement("SELECT COUNT(*) FROM " + table);
        ResultSet row = select.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  Verification verify(String node) throws SQLException {
    return verify(node, FakeEnrolment.NONE, now);
  }

  Verification verify(String node, Enrolment enrolment, Instant time) throws SQLException {
    return new TrailVerifier(
            database, last -> last, enrolment, retention, Clock.fixed(time, ZoneOffset.UTC))
        .verify(node)
        .orElseThrow();
  }

  Verification verifyUpTo(String node, Position end) throws SQLException {
    return new TrailVerifier(
            database, _ -> Map.of(node, end), FakeEnrolment.NONE, retention, clock())
        .verify(node)
        .orElseThrow();
  }

  /** Leaves nothing in the database. */
  @Override
  public void close() throws SQLException {
    try (Connection connection = database.connect();
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (int week : database.weeks().upTo(Integer.MAX_VALUE - 1)) {
        database.weeks().drop(connection, week);
      }
      for (String table : List.of("trail_node", "trail_offset", "trail_aside")) {
        statement.execute("DELETE FROM " + table);
      }
      connection.commit();
    }
  }
}
