package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.backing.Postgres;
import dev.caisson.events.JournalRecord;
import dev.caisson.proto.events.v1.ContainerCreated;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** How fast the writer alone is: a figure of the machine, which nothing is held to. */
@EnabledIfSystemProperty(
    named = "caisson.trail.records",
    matches = "[1-9][0-9]*",
    disabledReason = "A measurement: -Dcaisson.trail.records=200000 makes it")
class TrailThroughputIT {

  private static final int RECORDS = Integer.getInteger("caisson.trail.records", 0);
  private static final int BATCH = 2_000;
  private static final String TEXT = "x".repeat(100);

  @TempDir Path directory;

  @Test
  void ofH2() throws Exception {
    String url = TrailDatabase.embedded(directory);
    try (TrailDatabase database =
        TrailDatabase.open(FakeTrail.settings(url, TrailDatabase.EMBEDDED_USER))) {
      measure("H2", database);
    }
  }

  @Test
  void ofPostgresql() throws Exception {
    try (Postgres postgres = Postgres.at(directory.resolve("postgres")).start();
        TrailDatabase database =
            TrailDatabase.open(FakeTrail.settings(postgres.newDatabase(), Postgres.USER))) {
      measure("PostgreSQL", database);
    }
  }

  private static void measure(String name, TrailDatabase database) throws Exception {
    database.weeks().prepare(Weeks.of(Clock.systemUTC().instant()));
    TrailWriter writer = new TrailWriter(database, FakeEnrolment.NONE, Clock.systemUTC());
    FakeJournal journal = new FakeJournal("n1").started();
    long nanos = 0;
    long bytes = 0;
    int stored = 0;
    while (stored < RECORDS) {
      TrailBatch batch = next(journal, stored);
      long began = System.nanoTime();
      stored += writer.store(batch).added();
      nanos += System.nanoTime() - began;
      bytes += batch.received().stream().mapToLong(each -> each.entry().event().size()).sum();
    }
    assertThat(stored).isGreaterThanOrEqualTo(RECORDS);
    System.out.printf(
        "%s: %d records of %d bytes in %.1f s: %.0f/s%n",
        name, stored, bytes / stored, nanos / 1e9, stored / (nanos / 1e9));
  }

  private static TrailBatch next(FakeJournal journal, int stored) throws Exception {
    journal.records().clear();
    for (int i = 0; journal.records().size() < BATCH; i++) {
      journal.operation(
          "sandbox-" + (stored + i) / 20,
          "c",
          event -> event.setContainerCreated(ContainerCreated.newBuilder().addArgs(TEXT)));
    }
    List<TrailBatch.Received> received = new ArrayList<>();
    for (JournalRecord record : journal.records()) {
      TrailEntry entry = TrailEntry.received(record.event(), record.chain());
      received.add(new TrailBatch.Received(FakeTrail.TOPIC, 0, stored + received.size(), entry));
    }
    PartitionOffset moved =
        new PartitionOffset(FakeTrail.TOPIC, 0, stored, stored + (long) received.size());
    return new TrailBatch(received, List.of(), List.of(moved));
  }
}
