package dev.caisson.auditor.trail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.events.EventHeaders;
import dev.caisson.events.JournalRecord;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.RequestDenied;
import dev.caisson.proto.types.v1.Actor;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

abstract class TrailWriterContract {

  private final FakeJournal journal = new FakeJournal("n1").started().life("web", "nginx");
  private final List<JournalRecord> records = journal.records();
  private FakeTrail trail;

  /** An empty trail. */
  abstract FakeTrail open() throws Exception;

  @BeforeEach
  void fill() throws Exception {
    trail = open();
  }

  @AfterEach
  void close() throws Exception {
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
  void setsAsideAnotherRecordOfTheSameNumberThatTellsAnotherTimeInAnotherWeek() throws Exception {
    trail.store(records);
    trail.setTime(trail.clock().instant().plus(Duration.ofDays(15)));
    JournalRecord last = records.getLast();
    ByteString later =
        Event.parseFrom(last.event()).toBuilder()
            .setTime(Timestamp.newBuilder().setSeconds(1_900_000_000))
            .build()
            .toByteString();
    JournalRecord forged = new JournalRecord("n1", 1, last.seq(), later, last.chain());
    assertThat(trail.store(List.of(forged)).aside()).hasSize(1);
    assertThat(trail.store(List.of(last)).aside()).isEmpty();
    assertThat(trail.count("trail")).isEqualTo(records.size());
  }

  @Test
  void takesWhatAnotherPartitionBroughtLate() throws Exception {
    trail.store(records.subList(6, 12));
    trail.store(records.subList(0, 8));
    assertThat(trail.verify("n1").problem()).isEmpty();
    assertThat(trail.verify("n1").records()).isEqualTo(12);
  }

  @Test
  void storesARecordOnceHoweverManyWriteIt() throws Exception {
    FakeJournal large = new FakeJournal("n1").started();
    IntStream.range(0, 400).forEach(_ -> large.denied("x"));
    List<Callable<TrailWriter.Stored>> writers = new ArrayList<>();
    for (int partition = 0; partition < 4; partition++) {
      TrailBatch batch = batch(large.records(), partition, 0);
      writers.add(() -> writer().store(batch));
    }
    assertThat(all(writers).stream().mapToInt(TrailWriter.Stored::added).sum())
        .isEqualTo(large.records().size());
    assertThat(trail.count("trail")).isEqualTo(large.records().size());
    assertThat(trail.count("trail_aside")).isZero();
  }

  @Test
  void oneOfTwoThatReadTheSameOffsetsIsFenced() throws Exception {
    List<Callable<Boolean>> writers = new ArrayList<>();
    for (JournalRecord record : List.of(records.get(0), records.get(1))) {
      TrailBatch batch = batch(List.of(record), 0, 0);
      writers.add(() -> isStored(batch));
    }
    assertThat(all(writers)).containsExactlyInAnyOrder(true, false);
    assertThat(trail.count("trail")).isEqualTo(1);
  }

  @Test
  void aZombieNeitherMovesAnOffsetBackNorStoresARecord() throws Exception {
    writer().store(batch(records.subList(0, 4), 0, 0));
    writer().store(batch(records.subList(4, 8), 0, 4));
    TrailBatch stale = batch(records.subList(8, 10), 0, 4);
    assertThatThrownBy(() -> writer().store(stale))
        .isInstanceOf(SQLException.class)
        .hasMessageContaining("Another auditor has read on in partition 0");
    assertThat(new TrailOffsets(trail.database).next(FakeTrail.TOPIC, 0)).hasValue(8);
    assertThat(trail.count("trail")).isEqualTo(8);
  }

  @Test
  void keepsTextThatADatabaseOrAnIndexCannot() throws Exception {
    String who = "\0" + "\ud83d\ude00".repeat(2_000);
    journal.add(
        "s".repeat(10_000),
        "c".repeat(10_000),
        event ->
            event
                .setPhase(Phase.OBSERVATION)
                .setRequestDenied(RequestDenied.getDefaultInstance())
                .setActor(Actor.newBuilder().setPrincipal(who)));
    trail.store(records);
    assertThat(trail.verify("n1").problem()).isEmpty();
    TrailQuery query =
        new TrailQuery(
            "",
            "",
            "",
            "",
            who.substring(0, 600),
            "",
            OptionalLong.empty(),
            OptionalLong.empty(),
            "",
            10);
    assertThat(new TrailSearch(trail.database).search(query, "").found()).hasSize(1);
  }

  @Test
  void setsAsideARecordOfANodeWithTooLongAName() {
    FakeJournal forged = new FakeJournal("n".repeat(254)).started();
    TrailIntake intake = new TrailIntake(FakeTrail.TOPIC);
    ConsumerRecord<byte[], byte[]> record =
        new ConsumerRecord<>("t", 0, 7, null, forged.records().getFirst().event().toByteArray());
    record.headers().add(EventHeaders.CHAIN, forged.records().getFirst().chain().toByteArray());
    intake.add(record);
    assertThat(intake.batch(List.of()).aside().getFirst().message())
        .isEqualTo("node must have at most 253 characters");
  }

  @Test
  void remembersTheFurthestHorizon() throws Exception {
    trail.store(records);
    TrailNodes nodes = new TrailNodes(trail.database);
    nodes.settle(new TreeMap<>(Map.of("n1", new Position(1, 9))));
    nodes.settle(new TreeMap<>(Map.of("n1", new Position(1, 7), "n2", new Position(1, 1))));
    assertThat(nodes.all().get("n1").settled()).isEqualTo(new Position(1, 9));
    nodes.settle(new TreeMap<>(Map.of("n1", new Position(2, 1))));
    assertThat(nodes.all().get("n1").settled()).isEqualTo(new Position(2, 1));
  }

  @Test
  void setsAsideWhatIsNoEvent() throws Exception {
    TrailIntake intake = new TrailIntake(FakeTrail.TOPIC);
    intake.add(new ConsumerRecord<>("t", 0, 7, null, new byte[] {-1}));
    intake.add(new ConsumerRecord<>("t", 0, 8, null, null));
    TrailBatch batch = intake.batch(List.of(new PartitionOffset(FakeTrail.TOPIC, 0, 0, 9)));
    assertThat(writer().store(batch).aside())
        .extracting(AsideRecord::offset, AsideRecord::reason)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple(7L, AsideRecord.Reason.UNREADABLE),
            org.assertj.core.groups.Tuple.tuple(8L, AsideRecord.Reason.UNREADABLE));
    assertThat(new TrailOffsets(trail.database).next(FakeTrail.TOPIC, 0)).hasValue(9);
  }

  @Test
  void keepsOnlyTheBeginningOfWhatIsTooLarge() {
    ConsumerRecord<byte[], byte[]> large =
        new ConsumerRecord<>("t", 0, 7, null, new byte[AsideRecord.MAX_KEPT_BYTES + 1]);
    TrailIntake intake = new TrailIntake(FakeTrail.TOPIC);
    intake.add(large);
    assertThat(intake.batch(List.of()).aside().getFirst().value().size())
        .isEqualTo(AsideRecord.MAX_KEPT_BYTES);
  }

  /** Of another Kafka, or one that was deleted and made again: what is in it has not been read. */
  @Test
  void beginsAnewInAnotherTopicOfTheSameName() throws Exception {
    trail.store(records.subList(0, 1));
    SourceTopic other = new SourceTopic(FakeTrail.TOPIC.name(), "second");
    TrailOffsets offsets = new TrailOffsets(trail.database);
    assertThat(offsets.next(other, 0)).isEmpty();
    assertThat(offsets.awaitPast(other, Map.of(0, 1L), Duration.ZERO)).isFalse();
    for (SourceTopic topic : List.of(FakeTrail.TOPIC, other)) {
      TrailIntake intake = new TrailIntake(topic);
      intake.add(new ConsumerRecord<>("t", 0, 7, null, new byte[] {-1}));
      long before = offsets.next(topic, 0).orElse(0);
      writer().store(intake.batch(List.of(new PartitionOffset(topic, 0, before, 8))));
    }
    assertThat(offsets.awaitPast(other, Map.of(0, 8L), Duration.ZERO)).isTrue();
    assertThat(trail.count("trail_aside WHERE record_offset = 7")).isEqualTo(2);
  }

  /** In which the relay begins again: what the trail has already comes once more. */
  @Test
  void knowsHowFarANodeHasComeThroughAnotherTopic() throws Exception {
    SourceTopic other = new SourceTopic(FakeTrail.TOPIC.name(), "second");
    trail.store(records.subList(0, 5));
    assertThat(through(FakeTrail.TOPIC)).isEqualTo(new Position(1, 5));
    assertThat(through(other)).isEqualTo(Position.START);
    writer().store(batch(other, records.subList(0, 2), 0, 0));
    assertThat(through(other)).isEqualTo(new Position(1, 2));
    assertThat(through(FakeTrail.TOPIC)).isEqualTo(Position.START);
    writer().store(batch(other, records.subList(0, 1), 1, 0)); // a partition that is behind
    assertThat(through(other)).isEqualTo(new Position(1, 2));
    writer().store(batch(other, records.subList(2, 6), 0, 2));
    assertThat(through(other)).isEqualTo(new Position(1, 6));
    assertThat(trail.verify("n1").records()).isEqualTo(6);
  }

  private Position through(SourceTopic topic) throws SQLException {
    return new TrailNodes(trail.database).all().get("n1").progress().through().in(topic);
  }

  @Test
  void storesNothingWhenAnotherHasMovedTheOffset() throws Exception {
    trail.store(records.subList(0, 1));
    TrailEntry entry = TrailEntry.received(records.get(1).event(), records.get(1).chain());
    TrailBatch stale =
        new TrailBatch(
            List.of(new TrailBatch.Received(FakeTrail.TOPIC, 0, 0, entry)),
            List.of(),
            List.of(new PartitionOffset(FakeTrail.TOPIC, 0, 0, 1)));
    assertThatThrownBy(() -> writer().store(stale)).isInstanceOf(SQLException.class);
    assertThat(trail.verify("n1").records()).isEqualTo(1);
    assertThat(new TrailOffsets(trail.database).next(FakeTrail.TOPIC, 0)).hasValue(1);
  }

  private boolean isStored(TrailBatch batch) {
    try {
      writer().store(batch);
      return true;
    } catch (SQLException fenced) {
      return false;
    }
  }

  private static <T> List<T> all(List<Callable<T>> tasks) throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(tasks.size())) {
      List<T> results = new ArrayList<>();
      for (Future<T> future : threads.invokeAll(tasks)) {
        results.add(future.get());
      }
      return results;
    }
  }

  private static TrailBatch batch(List<JournalRecord> some, int partition, long offset)
      throws Exception {
    return batch(FakeTrail.TOPIC, some, partition, offset);
  }

  private static TrailBatch batch(
      SourceTopic topic, List<JournalRecord> some, int partition, long offset) throws Exception {
    List<TrailBatch.Received> received = new ArrayList<>();
    long next = offset;
    for (JournalRecord record : some) {
      TrailEntry entry = TrailEntry.received(record.event(), record.chain());
      received.add(new TrailBatch.Received(topic, partition, next++, entry));
    }
    return new TrailBatch(
        received, List.of(), List.of(new PartitionOffset(topic, partition, offset, next)));
  }

  private TrailWriter writer() {
    return new TrailWriter(trail.database, FakeEnrolment.NONE, trail.clock());
  }
}
