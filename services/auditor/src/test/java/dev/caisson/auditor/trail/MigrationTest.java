package dev.caisson.auditor.trail;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.events.JournalRecord;
import java.io.InputStream;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A database as it was before there was PostgreSQL, or Flyway. */
class MigrationTest {

  @TempDir Path directory;

  private FakeJournal journal;

  @BeforeEach
  void fill() throws Exception {
    journal =
        new FakeJournal("n1")
            .started()
            .life("web", "nginx")
            .signed(KeyPairGenerator.getInstance("Ed25519").generateKeyPair())
            .denied("x");
    try (Connection connection =
            DriverManager.getConnection("jdbc:h2:file:" + directory + "/trail", "caisson", "");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE trail_schema (version INTEGER NOT NULL)");
      statement.execute("INSERT INTO trail_schema (version) VALUES (1)");
      for (String sql : firstSchema().split(";\n", -1)) {
        statement.execute(sql);
      }
      for (JournalRecord record : journal.records()) {
        insert(connection, TrailEntry.received(record.event(), record.chain()));
      }
      statement.execute("INSERT INTO trail_settled VALUES ('n1', 1, 9)");
      statement.execute("INSERT INTO trail_offset VALUES ('t', 0, 14)");
    }
  }

  @Test
  void takesAllThatIsThere() throws Exception {
    try (TrailDatabase database = open()) {
      FakeTrail trail = new FakeTrail(database);
      assertThat(trail.verify("n1").problem()).isEmpty();
      assertThat(trail.verify("n1").records()).isEqualTo(journal.records().size());
      NodeRow row = new TrailNodes(database).all().get("n1");
      assertThat(row.progress().last()).isEqualTo(new Position(1, 14));
      assertThat(row.progress().signed()).isEqualTo(new Position(1, 13));
      assertThat(row.progress().waitingSince()).isPresent();
      assertThat(row.settled()).isEqualTo(new Position(1, 9));
      TrailOffsets offsets = new TrailOffsets(database);
      assertThat(offsets.next(FakeTrail.TOPIC, 0)).isEmpty();
      offsets.adopt(FakeTrail.TOPIC);
      assertThat(offsets.next(FakeTrail.TOPIC, 0)).hasValue(14);
      trail.alter("INSERT INTO trail_offset (topic, partition_id, next_offset) VALUES ('t', 0, 3)");
      offsets.adopt(FakeTrail.TOPIC); // an auditor that knows no ids still ran
      assertThat(offsets.next(FakeTrail.TOPIC, 0)).hasValue(14);
      assertThat(trail.count("trail_offset")).isEqualTo(1);
      offsets.adopt(new SourceTopic("t", "second"));
      assertThat(offsets.next(new SourceTopic("t", "second"), 0)).isEmpty();
      assertThat(trail.count("trail WHERE arrived_week > 2900")).isEqualTo(14);
      assertThat(row.progress().signedAt()).isEmpty();
      assertThat(row.progress().ended()).isFalse();
      TrailWriter writer = new TrailWriter(database, FakeEnrolment.NONE, trail.clock());
      assertThat(writer.store(again()).added()).isZero();
    }
  }

  @Test
  void findsWhatIsATenantsByAnIndex() throws Exception {
    try (TrailDatabase database = open();
        FakeTrail trail = new FakeTrail(database)) {
      assertThat(trail.count("information_schema.indexes WHERE index_name = 'TRAIL_BY_TENANT'"))
          .isEqualTo(1);
    }
  }

  @Test
  void opensAgainWhatItHasTaken() throws Exception {
    open().close();
    try (TrailDatabase database = open()) {
      assertThat(new TrailNodes(database).all()).hasSize(1);
    }
  }

  @Test
  void refusesADatabaseOfANewerAuditor() throws Exception {
    open().close();
    try (Connection connection =
            DriverManager.getConnection("jdbc:h2:file:" + directory + "/trail", "caisson", "");
        Statement statement = connection.createStatement()) {
      statement.execute("UPDATE \"trail_migration\" SET \"checksum\" = 1 WHERE \"version\" = '2'");
    }
    assertThatThrownBy(this::open)
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("Failed to migrate the trail");
  }

  private TrailDatabase open() throws SQLException {
    return TrailDatabase.open(
        FakeTrail.settings(TrailDatabase.embedded(directory), TrailDatabase.EMBEDDED_USER));
  }

  private TrailBatch again() throws Exception {
    JournalRecord first = journal.records().getFirst();
    TrailEntry entry = TrailEntry.received(first.event(), first.chain());
    return new TrailBatch(
        java.util.List.of(new TrailBatch.Received(FakeTrail.TOPIC, 0, 0, entry)),
        java.util.List.of(),
        java.util.List.of());
  }

  private static String firstSchema() throws Exception {
    try (InputStream in = MigrationTest.class.getResourceAsStream("/trail/h2/V1__trail.sql")) {
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private static void insert(Connection connection, TrailEntry entry) throws SQLException {
    TrailColumns columns = entry.columns();
    Map<String, Object> values =
        Map.ofEntries(
            Map.entry("node", columns.node()),
            Map.entry("epoch", columns.position().epoch()),
            Map.entry("seq", columns.position().seq()),
            Map.entry("sandbox_seq", columns.sandboxSeq()),
            Map.entry("time_nanos", columns.timeNanos()),
            Map.entry("type", columns.type()),
            Map.entry("phase", columns.phase()),
            Map.entry("outcome", columns.outcome()),
            Map.entry("tenant", columns.tenant()),
            Map.entry("sandbox_id", columns.sandboxId()),
            Map.entry("sandbox_uid", columns.sandboxUid()),
            Map.entry("container_id", columns.containerId()),
            Map.entry("container_uid", columns.containerUid()),
            Map.entry("principal", columns.principal()),
            Map.entry("event", entry.event().toByteArray()),
            Map.entry("chain", entry.chain().toByteArray()));
    String names = String.join(", ", values.keySet());
    String marks = String.join(", ", java.util.Collections.nCopies(values.size(), "?"));
    try (PreparedStatement insert =
        connection.prepareStatement("INSERT INTO trail (" + names + ") VALUES (" + marks + ")")) {
      int index = 1;
      for (Object value : values.values()) {
        insert.setObject(index++, value);
      }
      insert.executeUpdate();
    }
  }
}
