package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.events.JournalRecord;
import java.sql.SQLException;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TrailWriterTest {

  private final List<JournalRecord> records =
      new FakeJournal("n1").started().life("web", "nginx").records();
  private FakeTrail trail;

  @BeforeEach
  void open() throws Exception {
    trail = new FakeTrail();
  }

  @AfterEach
  void close() {
    trail.close();
  }

  @Test
  void storesARecordOnce() throws Exception {
    assertThat(trail.store(records).added()).isEqualTo(12);
    assertThat(trail.store(records).added()).isZero();
    assertThat(trail.verify("n1").records()).isEqualTo(12);
  }

  @Test
  void storesARecordOnceWhenABatchHasItTwice() throws Exception {
    List<JournalRecord> twice = List.of(records.get(0), records.get(0));
    TrailWriter.Stored stored = trail.store(twice);
    assertThat(stored.added()).isEqualTo(1);
    assertThat(stored.aside()).isEmpty();
  }

  @Test
  void setsAsideAnotherRecordOfTheSameNumber() throws Exception {
    trail.store(records);
    List<JournalRecord> forged = new FakeJournal("n1").started().denied("web").records();
    TrailWriter.Stored stored = trail.store(forged);
    assertThat(stored.aside())
        .extracting(AsideRecord::reason)
        .containsExactly(AsideRecord.Reason.CONFLICT);
    assertThat(trail.verify("n1").problem()).isEmpty();
  }

  @Test
  void setsAsideWhatIsNoEvent() throws Exception {
    TrailIntake intake = new TrailIntake();
    intake.add(new ConsumerRecord<>("t", 0, 7, null, new byte[] {-1}));
    intake.add(new ConsumerRecord<>("t", 0, 8, null, null));
    TrailBatch batch = intake.batch(List.of(new PartitionOffset("t", 0, 0, 9)));
    assertThat(writer().store(batch).aside())
        .extracting(AsideRecord::offset, AsideRecord::reason)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(7L, AsideRecord.Reason.UNREADABLE),
            org.assertj.core.groups.Tuple.tuple(8L, AsideRecord.Reason.UNREADABLE));
    assertThat(writer().nextOffset("t", 0)).hasValue(9);
  }

  @Test
  void keepsOnlyTheBeginningOfWhatIsTooLarge() {
    ConsumerRecord<byte[], byte[]> large =
        new ConsumerRecord<>("t", 0, 7, null, new byte[AsideRecord.MAX_KEPT_BYTES + 1]);
    TrailIntake intake = new TrailIntake();
    intake.add(large);
    assertThat(intake.batch(List.of()).aside().getFirst().value().size())
        .isEqualTo(AsideRecord.MAX_KEPT_BYTES);
  }

  @Test
  void storesNothingWhenAnotherHasMovedTheOffset() throws Exception {
    trail.store(records.subList(0, 1));
    TrailEntry entry = TrailEntry.received(records.get(1).event(), records.get(1).chain());
    TrailBatch stale =
        new TrailBatch(
            List.of(new TrailBatch.Received("t", 0, 0, entry)),
            List.of(),
            List.of(new PartitionOffset("t", 0, 0, 1)));
    assertThatThrownBy(() -> writer().store(stale)).isInstanceOf(SQLException.class);
    assertThat(trail.verify("n1").records()).isEqualTo(1);
    assertThat(writer().nextOffset("t", 0)).hasValue(1);
  }

  private TrailWriter writer() {
    return new TrailWriter(trail.database.connections());
  }
}
