package dev.caisson.gateway.relay;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.caisson.events.HashChain;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.RelayPosition;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.journal.v1.UsageRecord;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class RelayTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Clock clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
  private final List<Progress> asked = new ArrayList<>();
  private final RelayMetrics metrics =
      new RelayMetrics(registry, clock, new LagWatch(this::lag, clock));
  private final MockProducer<byte[], byte[]> producer =
      new MockProducer<>(true, null, new ByteArraySerializer(), new ByteArraySerializer());
  private final FakeFeed feed = new FakeFeed();

  @Test
  void writesABatchAndThePositionInOneTransaction() throws Exception {
    RelaySession session = session(Progress.NONE);
    feed.arrive(events(event(1, 1), event(1, 2)), samples(sample(1, 1)));
    session.step();
    assertThat(producer.commitCount()).isEqualTo(1);
    assertThat(topics())
        .containsExactly(
            "caisson.events.v1", "caisson.events.v1", "caisson.usage.v1", "caisson.relay.v1");
    ProducerRecord<byte[], byte[]> position = producer.history().getLast();
    assertThat(position.key()).isEqualTo("n1".getBytes(UTF_8));
    assertThat(RelayPosition.parseFrom(position.value()))
        .isEqualTo(
            RelayPosition.newBuilder()
                .setEventsEpoch(1)
                .setEventsSeq(2)
                .setUsageEpoch(1)
                .setUsageSeq(1)
                .build());
  }

  @Test
  void acknowledgesAfterTheCommit() throws Exception {
    RelaySession session = session(Progress.NONE);
    feed.arrive(events(event(1, 1)));
    session.step();
    assertThat(feed.acknowledged).containsExactly(Progress.NONE.withEvents(new Place(1, 1)));
  }

  @Test
  void acknowledgesNothingThatIsNotCommitted() {
    RelaySession session = session(Progress.NONE);
    producer.commitTransactionException = new TimeoutException("broker away");
    feed.arrive(events(event(1, 1)));
    assertThatThrownBy(session::step).isInstanceOf(TimeoutException.class);
    assertThat(feed.acknowledged).isEmpty();
    assertThat(producer.history()).isEmpty();
  }

  @Test
  void keepsThePositionOfTheOtherStream() throws Exception {
    RelaySession session = session(new Progress(new Place(1, 9), new Place(1, 4)));
    feed.arrive(samples(sample(1, 5)));
    session.step();
    assertThat(feed.acknowledged).containsExactly(new Progress(new Place(1, 9), new Place(1, 5)));
  }

  @Test
  void goesOnInANewEpoch() throws Exception {
    RelaySession session = session(Progress.NONE.withEvents(new Place(1, 9)));
    feed.arrive(events(event(1, 10), event(2, 1)));
    session.step();
    assertThat(feed.acknowledged.getFirst().events()).isEqualTo(new Place(2, 1));
  }

  @Test
  void refusesARecordThatIsInKafkaAlready() {
    RelaySession session = session(Progress.NONE.withEvents(new Place(2, 1)));
    feed.arrive(events(event(1, 10)));
    assertThatThrownBy(session::step)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("The journal sent (1, 10) after (2, 1)");
    assertThat(producer.history()).isEmpty();
  }

  @Test
  void relaysWhatItCannotDecode() throws Exception {
    RelaySession session = session(Progress.NONE);
    ByteString garbage = ByteString.copyFrom(new byte[] {-1});
    feed.arrive(events(event(1, 1).toBuilder().setEvent(garbage).build()));
    session.step();
    assertThat(producer.history().getFirst().value()).isEqualTo(garbage.toByteArray());
  }

  @Test
  void keepsTheOrderOfASandboxByItsKey() throws Exception {
    RelaySession session = session(Progress.NONE);
    feed.arrive(events(event(1, 1), event(1, 2), event(1, 3)));
    session.step();
    assertThat(producer.history().subList(0, 3))
        .allSatisfy(record -> assertThat(record.key()).isEqualTo("n1/u".getBytes(UTF_8)));
    assertThat(seqs()).containsExactly(1L, 2L, 3L);
  }

  @Test
  void writesNothingWhenNothingCame() throws Exception {
    session(Progress.NONE).step();
    assertThat(producer.commitCount()).isZero();
  }

  @Test
  void saysWhenItIsFencedAtTheCommit() {
    RelaySession session = session(Progress.NONE);
    producer.commitTransactionException = new KafkaException(new ProducerFencedException("x"));
    feed.arrive(events(event(1, 1)));
    assertThatThrownBy(session::step)
        .isInstanceOf(FencedException.class)
        .hasMessageContaining("Another relay has taken over node n1");
  }

  @Test
  void saysWhenItIsFencedBeforeItSends() {
    RelaySession session = session(Progress.NONE);
    producer.fenceProducer();
    feed.arrive(events(event(1, 1)));
    assertThatThrownBy(session::step).isInstanceOf(FencedException.class);
  }

  @Test
  void doesNotTakeATimedOutTransactionForATakeover() {
    RelaySession session = session(Progress.NONE);
    producer.commitTransactionException = new InvalidProducerEpochException("timed out");
    feed.arrive(events(event(1, 1)));
    assertThatThrownBy(session::step).isInstanceOf(InvalidProducerEpochException.class);
    assertThat(producer.transactionAborted()).isTrue();
  }

  @Test
  void countsWhatItRelays() throws Exception {
    RelaySession session = session(Progress.NONE);
    feed.arrive(events(event(1, 1), event(1, 2)));
    session.step();
    assertThat(registry.counter("caisson.relay.records", "stream", "events").count()).isEqualTo(2);
    assertThat(registry.counter("caisson.relay.records", "stream", "usage").count()).isZero();
    assertThat(registry.counter("caisson.relay.bytes", "stream", "events").count())
        .isEqualTo(event(1, 1).getEvent().size() + event(1, 2).getEvent().size());
    assertThat(registry.timer("caisson.relay.transaction").count()).isEqualTo(1);
    assertThat(registry.get("caisson.relay.lag.records").tag("stream", "events").gauge().value())
        .isEqualTo(7);
    assertThat(asked).containsExactly(Progress.NONE.withEvents(new Place(1, 2)));
  }

  @Test
  void stopsForGoodWhenItIsFenced() throws Exception {
    List<Progress> opened = new ArrayList<>();
    CountDownLatch first = new CountDownLatch(1);
    Relay.Opening opening =
        floor -> {
          opened.add(floor);
          first.countDown();
          throw new FencedException("n1", new ProducerFencedException("x"));
        };
    try (Relay relay = Relay.start(opening, metrics)) {
      assertThat(first.await(10, TimeUnit.SECONDS)).isTrue();
      Awaitility.await().until(relay::fenced);
      assertThat(relay.trouble().orElseThrow()).contains("taken over node n1");
    }
    assertThat(opened).hasSize(1);
  }

  @Test
  void triesAgainWhenTheBrokerIsAway() throws Exception {
    CountDownLatch third = new CountDownLatch(3);
    Relay.Opening opening =
        _ -> {
          third.countDown();
          throw new TimeoutException("broker away");
        };
    try (Relay relay = Relay.start(opening, metrics)) {
      assertThat(third.await(10, TimeUnit.SECONDS)).isTrue();
      assertThat(relay.trouble()).hasValue("broker away");
    }
  }

  @Test
  void goesOnAfterWhatTheJournalHasDeleted() throws Exception {
    Deque<Progress> floors = new ArrayDeque<>();
    CountDownLatch second = new CountDownLatch(2);
    feed.failure = JournalException.notRetained(JournalException.Stream.EVENTS, new Place(3, 7));
    Relay.Opening opening =
        floor -> {
          floors.add(floor);
          second.countDown();
          if (floors.size() > 1) {
            feed.failure = null;
          }
          return session(Progress.NONE.orLater(floor));
        };
    try (Relay _ = Relay.start(opening, metrics)) {
      assertThat(second.await(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(floors).containsExactly(Progress.NONE, Progress.NONE.withEvents(new Place(3, 7)));
    assertThat(registry.counter("caisson.relay.jumps").count()).isEqualTo(1);
  }

  @Test
  void ordersPlacesByEpochFirstAndAsUnsigned() {
    assertThat(new Place(2, 1)).isGreaterThan(new Place(1, 9));
    assertThat(new Place(1, -1)).isGreaterThan(new Place(1, 9));
    assertThat(new Place(-1, 0)).hasToString("(18446744073709551615, 0)");
  }

  private Lag lag(Progress after) {
    asked.add(after);
    Lag.Behind none = new Lag.Behind(0, 0, Optional.empty());
    return new Lag(new Lag.Behind(7, 700, Optional.empty()), none);
  }

  private RelaySession session(Progress committed) {
    KafkaOutput output = new KafkaOutput("n1", producer);
    if (!producer.transactionInitialized()) {
      output.fence();
    }
    return new RelaySession("n1", feed, output, committed, metrics, Optional.empty());
  }

  private List<String> topics() {
    return producer.history().stream().map(ProducerRecord::topic).toList();
  }

  private List<Long> seqs() throws Exception {
    List<Long> seqs = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> record : producer.history()) {
      if (record.topic().equals("caisson.events.v1")) {
        seqs.add(Event.parseFrom(record.value()).getSeq());
      }
    }
    return seqs;
  }

  private static Arrival events(Record... records) {
    return new Arrival.Events(Arrays.asList(records));
  }

  private static Arrival samples(UsageRecord... records) {
    return new Arrival.Samples(Arrays.asList(records));
  }

  private static Record event(long epoch, long seq) {
    Event event =
        Event.newBuilder()
            .setNode("n1")
            .setEpoch(epoch)
            .setSeq(seq)
            .setSubject(Subject.newBuilder().setSandboxUid("u"))
            .build();
    return Record.newBuilder()
        .setPosition(new Place(epoch, seq).message())
        .setEvent(event.toByteString())
        .setChain(HashChain.GENESIS)
        .build();
  }

  private static UsageRecord sample(long epoch, long seq) {
    return UsageRecord.newBuilder()
        .setPosition(new Place(epoch, seq).message())
        .setSample(UsageSample.newBuilder().setNode("n1").setSandboxUid("u").build().toByteString())
        .build();
  }

  private static final class FakeFeed implements JournalFeed {
    private final Deque<List<Arrival>> arrivals = new ArrayDeque<>();
    private final List<Progress> acknowledged = new ArrayList<>();
    private volatile RuntimeException failure;

    void arrive(Arrival... some) {
      arrivals.add(Arrays.asList(some));
    }

    @Override
    public List<Arrival> take(Duration patience) {
      if (failure != null) {
        throw failure;
      }
      return arrivals.isEmpty() ? List.of() : arrivals.remove();
    }

    @Override
    public void wake() {}

    @Override
    public void acknowledge(Progress progress) {
      acknowledged.add(progress);
    }

    @Override
    public void close() {}
  }
}
