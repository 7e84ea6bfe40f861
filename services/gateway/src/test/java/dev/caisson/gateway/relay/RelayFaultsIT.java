package dev.caisson.gateway.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.backing.Broker;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Topic;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.GrpcServer;
import io.grpc.ManagedChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.LongStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.errors.InterruptException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What befalls a relay in the middle of a transaction, before a real broker. */
@Timeout(180)
class RelayFaultsIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;

  private final ServedJournal journal = new ServedJournal();
  private Path socket;
  private GrpcServer server;
  private Broker broker;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    broker = Broker.at(directory.resolve("broker"));
    broker.start();
    socket = directory.resolve("j");
    server = GrpcServer.unix(socket).services(List.of(journal)).start();
    channel = Channels.unix(socket);
    KafkaAccess.of(broker.address(), (short) 1).prepare(Topic.values());
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    server.close();
    broker.close();
  }

  @Test
  void writesNothingWhenItWakesInATransactionThatAnotherHasFenced() throws Exception {
    journal.append(3);
    try (Sleeper producer = new Sleeper(clients());
        Relay zombie = Relay.start(_ -> session(producer), metrics())) {
      assertThat(producer.asleep.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      try (Relay _ = RelayProcess.relay(socket, broker.address())) {
        awaitAcknowledged(3);
        journal.append(3);
        awaitAcknowledged(6);
        producer.awake.countDown();
        Awaitility.await().atMost(PATIENCE).until(zombie::fenced);
        journal.append(3);
        awaitAcknowledged(9);
      }
    }
    assertThat(committed().positions()).isEqualTo(places(9));
    // It had sent them: the test would not be one otherwise.
    assertThat(committed().andUncommitted(Topic.EVENTS)).hasSizeGreaterThan(9);
  }

  @Test
  void relaysEachRecordOnceAndInOrderWhateverDiesMeanwhile() throws Exception {
    Thread writer = Thread.ofPlatform().daemon().start(this::appendSteadily);
    for (int death = 1; death <= 2; death++) {
      Process relay = RelayProcess.start(socket, broker.address(), directory.resolve("relay.log"));
      try {
        awaitProgress();
        broker.kill();
        broker.start();
        awaitProgress();
      } finally {
        relay.destroyForcibly().onExit().join();
      }
    }
    writer.interrupt();
    writer.join();
    long last = journal.lastSeq();
    try (Relay _ = RelayProcess.relay(socket, broker.address())) {
      awaitAcknowledged(last);
    }
    assertThat(committed().positions()).isEqualTo(places(last));
    assertThat(committed().byKey().values())
        .hasSize(3)
        .allSatisfy(each -> assertThat(each).isSorted());
  }

  // So that there is always a transaction under way.
  private void appendSteadily() {
    while (!Thread.currentThread().isInterrupted()) {
      journal.append(1);
      LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
    }
  }

  private void awaitProgress() {
    long before = journal.acknowledged().events().seq();
    Awaitility.await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(5))
        .until(() -> journal.acknowledged().events().seq() > before + 50);
  }

  private void awaitAcknowledged(long seq) {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> journal.acknowledged().events().equals(new Place(1, seq)));
  }

  private RelaySession session(Sleeper producer) {
    KafkaOutput output = new KafkaOutput("n1", producer);
    output.fence();
    return new RelaySession(
        "n1", source().open(Progress.NONE), output, Progress.NONE, metrics(), Optional.empty());
  }

  private RelayMetrics metrics() {
    return RelayProcess.metrics(source());
  }

  private GrpcJournal source() {
    return new GrpcJournal(channel, new Batching(Batching.LINGER, Batching.BYTES));
  }

  private ClientSettings clients() {
    return ClientSettings.of(broker.address());
  }

  private Committed committed() {
    return new Committed(clients());
  }

  private static List<Place> places(long count) {
    return LongStream.rangeClosed(1, count).mapToObj(seq -> new Place(1, seq)).toList();
  }

  /** Sends what a transaction has, and then sleeps before it commits, as a stopped process does. */
  private static final class Sleeper extends KafkaProducer<byte[], byte[]> {
    private final CountDownLatch asleep = new CountDownLatch(1);
    private final CountDownLatch awake = new CountDownLatch(1);

    Sleeper(ClientSettings clients) {
      super(clients.transactionalProducer("caisson-relay-n1"));
    }

    @Override
    public void commitTransaction() {
      flush();
      asleep.countDown();
      try {
        awake.await();
      } catch (InterruptedException e) {
        throw new InterruptException(e);
      }
      super.commitTransaction();
    }
  }
}
