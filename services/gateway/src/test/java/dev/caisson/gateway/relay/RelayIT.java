package dev.caisson.gateway.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.backing.Broker;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Records;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.RelayPosition;
import dev.caisson.rpc.GrpcServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.config.ConfigResource;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RelayIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;

  private final ServedJournal journal = new ServedJournal();
  private Path socket;
  private GrpcServer server;
  private Broker broker;

  @BeforeEach
  void start() throws Exception {
    broker = Broker.at(directory.resolve("broker"));
    socket = directory.resolve("j");
    server = GrpcServer.unix(socket).services(List.of(journal)).start();
  }

  @AfterEach
  void stop() {
    if (broker != null) {
      server.close();
      broker.close();
    }
  }

  @Test
  void neitherLosesNorRepeatsWhenItIsKilledBetweenCommitAndAcknowledgement() throws Exception {
    broker.start();
    journal.append(5);
    journal.sample(3);
    CountDownLatch committed = journal.hangAtAcknowledgement();
    Process killed = RelayProcess.start(socket, broker.address(), directory.resolve("relay.log"));
    try {
      assertThat(committed.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } finally {
      killed.destroyForcibly().onExit().join();
    }
    // Whichever of the two streams came first.
    assertThat(positions().size() + count(Topic.USAGE)).isPositive();
    assertThat(journal.acknowledged()).isEqualTo(Progress.NONE);
    journal.answerAgain();
    journal.append(5);
    try (Relay _ = relay()) {
      awaitAcknowledged(1, 10);
    }
    assertThat(positions()).isEqualTo(places(1, 10));
    assertThat(count(Topic.USAGE)).isEqualTo(3);
  }

  @Test
  void hidesWhatAKilledRelayHadSentAndNotCommitted() throws Exception {
    broker.start();
    journal.append(3);
    try (Relay _ = relay()) {
      awaitAcknowledged(1, 3);
    }
    try (KafkaProducer<byte[], byte[]> dead = producer("caisson-relay-n1")) {
      dead.initTransactions();
      dead.beginTransaction();
      dead.send(Records.position("n1", RelayPosition.newBuilder().setEventsSeq(99).build())).get();
      journal.append(1);
      try (Relay _ = relay()) {
        awaitAcknowledged(1, 4);
      }
      dead.close(Duration.ZERO);
    }
    assertThat(positions()).isEqualTo(places(1, 4));
  }

  @Test
  void findsItsPositionBehindAnotherNodesOpenTransaction() throws Exception {
    broker.start();
    createTopics();
    journal.append(3);
    try (KafkaProducer<byte[], byte[]> other = producer("caisson-relay-n2")) {
      other.initTransactions();
      other.beginTransaction();
      other.send(Records.position("n2", RelayPosition.getDefaultInstance())).get();
      try (Relay _ = relay()) {
        journal.append(3);
        awaitAcknowledged(1, 6);
      }
      journal.append(1);
      try (Relay _ = relay()) {
        awaitAcknowledged(1, 7);
      }
      other.close(Duration.ZERO);
    }
    assertThat(positions()).isEqualTo(places(1, 7));
  }

  @Test
  void stopsWhenAnotherTakesOver() throws Exception {
    broker.start();
    journal.append(3);
    try (Relay first = relay()) {
      awaitAcknowledged(1, 3);
      try (Relay second = relay()) {
        Awaitility.await().atMost(PATIENCE).until(() -> second.trouble().isEmpty());
        journal.append(3);
        awaitAcknowledged(1, 6);
        Awaitility.await().atMost(PATIENCE).until(first::fenced);
        assertThat(first.trouble().orElseThrow()).contains("Another relay has taken over node n1");
        journal.append(3);
        awaitAcknowledged(1, 9);
        assertThat(second.fenced()).isFalse();
      }
    }
    assertThat(positions()).isEqualTo(places(1, 9));
  }

  @Test
  void waitsForABrokerThatIsAway() throws Exception {
    journal.append(3);
    try (Relay relay = relay()) {
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> relay.trouble().isPresent() && !relay.trouble().get().contains("yet"));
      broker.start();
      awaitAcknowledged(1, 3);
      broker.kill();
      journal.append(3);
      broker.start();
      awaitAcknowledged(1, 6);
    }
    assertThat(positions()).isEqualTo(places(1, 6));
  }

  @Test
  void goesOnWhenTheExecutorIsRestarted() throws Exception {
    broker.start();
    journal.append(3);
    try (Relay _ = relay()) {
      awaitAcknowledged(1, 3);
      journal.disconnect();
      journal.nextEpoch();
      journal.append(2);
      awaitAcknowledged(2, 3);
    }
    List<Place> expected = new ArrayList<>(places(1, 3));
    expected.addAll(places(2, 3));
    assertThat(positions()).isEqualTo(expected);
  }

  @Test
  void goesOnAfterWhatTheJournalHasDeleted() throws Exception {
    broker.start();
    journal.append(9);
    journal.deleteUpTo(1, 5);
    try (Relay _ = relay()) {
      awaitAcknowledged(1, 9);
    }
    assertThat(positions()).isEqualTo(places(1, 9).subList(5, 9));
  }

  @Test
  void waitsUntilATopicKeepsEveryRecord() throws Exception {
    broker.start();
    journal.append(3);
    ConfigResource events = new ConfigResource(ConfigResource.Type.TOPIC, Topic.EVENTS.topicName());
    try (Admin admin = Admin.create(clients().admin())) {
      NewTopic compacted = new NewTopic(events.name(), 6, (short) 1);
      admin
          .createTopics(List.of(compacted.configs(Map.of("cleanup.policy", "compact"))))
          .all()
          .get();
      try (Relay relay = relay()) {
        Awaitility.await()
            .atMost(PATIENCE)
            .until(() -> relay.trouble().orElse("").contains("cleanup.policy must be delete"));
        ConfigEntry delete = new ConfigEntry("cleanup.policy", "delete");
        admin
            .incrementalAlterConfigs(
                Map.of(events, List.of(new AlterConfigOp(delete, AlterConfigOp.OpType.SET))))
            .all()
            .get();
        awaitAcknowledged(1, 3);
      }
    }
    assertThat(positions()).isEqualTo(places(1, 3));
  }

  @Test
  void keepsTheOrderOfEachSandbox() throws Exception {
    broker.start();
    journal.append(60);
    try (Relay _ = relay()) {
      awaitAcknowledged(1, 60);
    }
    Map<String, List<Place>> seqs = committed().byKey();
    assertThat(seqs).hasSize(3);
    assertThat(seqs.values()).allSatisfy(each -> assertThat(each).isSorted().hasSize(20));
  }

  private Relay relay() {
    return RelayProcess.relay(socket, broker.address());
  }

  private void awaitAcknowledged(long epoch, long seq) {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> journal.acknowledged().events().equals(new Place(epoch, seq)));
  }

  private void createTopics() {
    KafkaAccess.of(broker.address(), (short) 1).prepare(Topic.values());
  }

  private KafkaProducer<byte[], byte[]> producer(String id) {
    return new KafkaProducer<>(clients().transactionalProducer(id));
  }

  private ClientSettings clients() {
    return ClientSettings.of(broker.address());
  }

  private List<Place> positions() {
    return committed().positions();
  }

  private int count(Topic topic) {
    return committed().records(topic).size();
  }

  private Committed committed() {
    return new Committed(clients());
  }

  private static List<Place> places(long epoch, int count) {
    List<Place> places = new ArrayList<>();
    for (int seq = 1; seq <= count; seq++) {
      places.add(new Place(epoch, seq));
    }
    return places;
  }
}
