package dev.caisson.auditor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Timestamp;
import dev.caisson.auditor.trail.FakeJournal;
import dev.caisson.backing.Broker;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.JournalRecord;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Records;
import dev.caisson.events.Topic;
import dev.caisson.model.NodeKey;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.ContainerCpuWindow;
import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.audit.v1.GetCpuWindowRequest;
import dev.caisson.proto.audit.v1.NodeVerification;
import dev.caisson.proto.audit.v1.Reason;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.audit.v1.SearchTrailResponse;
import dev.caisson.proto.audit.v1.TrailProblem;
import dev.caisson.proto.audit.v1.VerifyTrailRequest;
import dev.caisson.proto.audit.v1.WatchCpuUsageRequest;
import dev.caisson.proto.audit.v1.WatchCpuUsageResponse;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.RpcErrors;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.micronaut.context.ApplicationContext;
import io.micronaut.runtime.server.EmbeddedServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditorIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;

  private final FakeJournal journal = new FakeJournal("n1").started().life("web", "nginx");
  private Broker broker;
  private EmbeddedServer auditor;
  private ManagedChannel channel;

  @BeforeEach
  void start() {
    broker = Broker.at(directory.resolve("broker"));
    startAuditor();
  }

  @AfterEach
  void stop() {
    if (broker != null) {
      stopAuditor();
      broker.close();
    }
  }

  @Test
  void startsBeforeKafkaAndAnswersFromWhatCameSince() throws Exception {
    assertThat(search("").getRecordsList()).isEmpty();
    assertThat(health()).contains("DOWN").contains("trail");
    broker.start();
    publish(journal.records());
    awaitRecords(12);
    SearchTrailResponse found = search("dev.caisson.container.exited.v1");
    assertThat(found.getRecords(0).getEvent().getSubject().getContainerId()).isEqualTo("nginx");
    NodeVerification verification = verify();
    assertThat(verification.getOk()).as(verification.toString()).isTrue();
    assertThat(verification.getRecords()).isEqualTo(12);
    Awaitility.await().atMost(PATIENCE).until(() -> !health().contains("DOWN"));
  }

  @Test
  void neitherLosesNorRepeatsWhenItIsRestarted() throws Exception {
    broker.start();
    publish(journal.records());
    awaitRecords(12);
    stopAuditor();
    publish(journal.started().life("db", "postgres").records().subList(12, 24));
    startAuditor();
    awaitRecords(24);
    assertThat(verify().getOk()).isTrue();
    assertThat(verify().getRecords()).isEqualTo(24);
  }

  @Test
  void verifiesBehindRecordsThatAreStillInATransaction() throws Exception {
    broker.start();
    publish(journal.records().subList(0, 6));
    awaitRecords(6);
    try (KafkaProducer<byte[], byte[]> producer = producer("caisson-relay-n1")) {
      producer.initTransactions();
      producer.beginTransaction();
      journal.records().subList(6, 12).forEach(record -> send(producer, Records.event(record)));
      producer.flush();
      NodeVerification verification = verify();
      assertThat(verification.getOk()).as(verification.toString()).isTrue();
      producer.commitTransaction();
    }
    awaitRecords(12);
    assertThat(verify().getRecords()).isEqualTo(12);
  }

  /**
   * In another Kafka the relay sends again what the journal has: what was missing comes with it.
   */
  @Test
  void waitsInAnotherKafkaForWhatTheOldOneStillHad() throws Exception {
    broker.start();
    List<JournalRecord> records = journal.records();
    publish(records.subList(0, 5));
    awaitRecords(5);
    assertThat(verify().getRecords()).isEqualTo(5);
    try (KafkaProducer<byte[], byte[]> behind = producer("caisson-relay-n1")) {
      behind.initTransactions();
      behind.beginTransaction();
      send(behind, elsewhere(behind, Records.event(records.get(5))));
      behind.flush();
      publish(records.subList(6, 12));
      awaitRecords(11);
      stopAuditor();
    }
    removeTopics();
    startAuditor();
    publish(records.subList(0, 2));
    awaitPrometheus("caisson_trail_holds{node=\"n1\"} 1.0");
    NodeVerification early = verify();
    assertThat(early.getOk()).as(early.toString()).isTrue();
    assertThat(early.getRecords()).isEqualTo(5);
    publish(records.subList(2, 12));
    awaitRecords(12);
    NodeVerification whole = verify();
    assertThat(whole.getOk()).as(whole.toString()).isTrue();
    assertThat(whole.getRecords()).isEqualTo(12);
    assertThat(prometheus()).contains("problems_total{kind=\"gap\"} 0.0");
  }

  /** In a partition that no other record of the test is in. */
  private static ProducerRecord<byte[], byte[]> elsewhere(
      KafkaProducer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record) {
    int partitions = producer.partitionsFor(record.topic()).size();
    int own = BuiltInPartitioner.partitionForKey(record.key(), partitions);
    return new ProducerRecord<>(
        record.topic(), (own + 1) % partitions, record.key(), record.value(), record.headers());
  }

  private void removeTopics() throws Exception {
    Map<String, Object> settings = Map.of("bootstrap.servers", broker.address());
    try (Admin admin = Admin.create(settings)) {
      admin.deleteTopics(Arrays.stream(Topic.values()).map(Topic::topicName).toList()).all().get();
    }
  }

  @Test
  void namesARecordThatWasAlteredInTheDatabase() throws Exception {
    broker.start();
    publish(journal.records());
    awaitRecords(12);
    alter(journal.records().get(4));
    NodeVerification verification = verify();
    assertThat(verification.getOk()).isFalse();
    assertThat(verification.getProblem().getKind()).isEqualTo(TrailProblem.Kind.CHAIN_BROKEN);
    assertThat(verification.getProblem().getSeq()).isEqualTo(5);
  }

  @Test
  void namesTheRecordAfterOneThatTheRelayDropped() throws Exception {
    broker.start();
    publish(journal.records().subList(0, 6));
    publish(journal.records().subList(7, 12));
    awaitRecords(11);
    assertThat(verify().getProblem().getKind()).isEqualTo(TrailProblem.Kind.GAP);
    assertThat(verify().getProblem().getSeq()).isEqualTo(8);
  }

  @Test
  void checksSignaturesOnceAKeyIsEnrolled() throws Exception {
    broker.start();
    KeyPair key = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    publish(journal.ended(key).records());
    awaitRecords(13);
    assertThat(verify().getOk()).isTrue();
    assertThat(verify().getSignaturesChecked()).isFalse();
    enrol("n2", key);
    assertThat(verify().getProblem().getKind()).isEqualTo(TrailProblem.Kind.UNKNOWN_KEY);
    enrol("n1", key);
    NodeVerification verification = verify();
    assertThat(verification.getOk()).as(verification.toString()).isTrue();
    assertThat(verification.getSignaturesChecked()).isTrue();
    assertThat(verification.getSignedSeq()).isEqualTo(12);
    assertThat(verification.getCheckpoints()).isEqualTo(1);
    assertThat(verification.getUnsignedRecords()).isZero();
    assertThat(verification.getEnded()).isTrue();
    awaitPrometheus("caisson_trail_checkpoint_age_seconds{node=\"n1\"} 0.0");
    awaitPrometheus("caisson_trail_ended{node=\"n1\"} 1.0");
    assertThat(prometheus()).contains("caisson_trail_last_checkpoint_age_seconds{node=\"n1\"}");
    publish(journal.denied("web").records().subList(13, 14)); // years ago, by what it says
    awaitRecords(14);
    assertThat(verify().getProblem().getKind()).isEqualTo(TrailProblem.Kind.UNSIGNED);
    assertThat(verify().getProblem().getSeq()).isEqualTo(14);
  }

  @Test
  void tellsByItselfThatARelayForges() throws Exception {
    broker.start();
    KeyPair key = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    enrol("n1", key);
    publish(journal.ended(key).records());
    awaitPrometheus("caisson_trail_holds{node=\"n1\"} 1.0");
    awaitPrometheus("caisson_trail_checkpoint_age_seconds{node=\"n1\"} 0.0");
    awaitPrometheus("caisson_trail_ended{node=\"n1\"} 1.0");
    KeyPair forgers = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    publish(journal.denied("x").signed(forgers).records().subList(13, 15));
    awaitPrometheus("caisson_trail_holds{node=\"n1\"} 0.0");
    awaitPrometheus("caisson_trail_problems_total{kind=\"unknown_key\"} 1.0");
    awaitPrometheus("caisson_trail_ended{node=\"n1\"} 0.0");
    assertThat(prometheus())
        .as("a checkpoint that the node has not signed makes nothing young")
        .containsPattern("caisson_trail_checkpoint_age_seconds\\{node=\"n1\"} (?!0\\.0\n)")
        .containsPattern("caisson_trail_last_checkpoint_age_seconds\\{node=\"n1\"} (?!0\\.0\n)");
  }

  private void enrol(String node, KeyPair key) throws Exception {
    String pem = NodeKey.of(key.getPublic().getEncoded()).pem();
    Path nodes = Files.createDirectories(directory.resolve("nodes"));
    Files.writeString(nodes.resolve(node + ".pem"), pem);
  }

  @Test
  void apportionsWhatTheCgroupUsed() throws Exception {
    broker.start();
    publishSamples(sample(1, 100, 30, 10), sample(2, 1_000_000_007, 400_000_000, 300_000_000));
    CpuApportioned figures = awaitFigures(2);
    long total = figures.getContainersList().stream().mapToLong(ContainerCpu::getTotalNanos).sum();
    assertThat(total + figures.getUnattributedNanos()).isEqualTo(1_000_000_007);
    assertThat(figures.getContainersList()).hasSize(2);
    assertThat(prometheus())
        .contains(
            "caisson_container_cpu_seconds_total{container=\"a\",node=\"n1\",sandbox=\"web\",tenant=\"default\"}");
  }

  @Test
  void goesOnCountingWhenItIsRestarted() throws Exception {
    broker.start();
    publishSamples(sample(1, 100, 30, 10));
    awaitFigures(1);
    stopAuditor();
    publishSamples(sample(1, 100, 30, 10), sample(2, 200, 60, 20));
    startAuditor();
    assertThat(awaitFigures(2).getContainers(0).getTotalNanos()).isEqualTo(150);
  }

  @Test
  void watchesASandboxUntilItIsGone() throws Exception {
    broker.start();
    publishSamples(sample(1, 100, 30, 10));
    awaitFigures(1);
    Iterator<WatchCpuUsageResponse> watch =
        client().watchCpuUsage(WatchCpuUsageRequest.newBuilder().setSandbox("web").build());
    assertThat(watch.next().getUsage().getSandboxSeq()).isEqualTo(1);
    publishSamples(sample(2, 200, 60, 20));
    assertThat(watch.next().getUsage().getSandboxSeq()).isEqualTo(2);
    publishSamples(sample(3, 300, 60, 20).toBuilder().setLast(true).build());
    assertThat(watch.next().getUsage().getLast()).isTrue();
    assertThat(watch.hasNext()).isFalse();
  }

  @Test
  void watchesAllThatAreNotGone() throws Exception {
    broker.start();
    publishSamples(
        sample(1, 100, 30, 10),
        sample(1, 50, 30, 10).toBuilder().setSandboxUid("gone").setLast(true).build());
    awaitFigures(1);
    Awaitility.await().atMost(PATIENCE).until(() -> sandboxes() == 2);
    Iterator<WatchCpuUsageResponse> watch =
        client().watchCpuUsage(WatchCpuUsageRequest.getDefaultInstance());
    assertThat(watch.next().getUsage().getSandboxUid()).isEqualTo("uid-web");
    publishSamples(
        sample(1, 7, 1, 1).toBuilder().setSandboxUid("uid-new").setLast(true).build(),
        sample(2, 200, 60, 20));
    List<String> next = List.of(uid(watch.next()), uid(watch.next()));
    assertThat(next).containsExactlyInAnyOrder("uid-new", "uid-web");
  }

  private static String uid(WatchCpuUsageResponse response) {
    return response.getUsage().getSandboxUid();
  }

  private int sandboxes() {
    return client().getCpuUsage(GetCpuUsageRequest.getDefaultInstance()).getSandboxesCount();
  }

  @Test
  void tellsWhatAWindowUsedAlsoAfterARestart() throws Exception {
    broker.start();
    Instant began = Instant.now();
    publishSamples(
        at(sample(1, 1_000, 30, 10), began.minusSeconds(20)),
        at(sample(2, 5_000, 60, 20), began.minusSeconds(10)),
        at(sample(3, 9_000, 90, 30), began));
    awaitFigures(3);
    stopAuditor();
    startAuditor();
    awaitFigures(3);
    CpuWindow window =
        client()
            .getCpuWindow(
                GetCpuWindowRequest.newBuilder()
                    .setSandbox("web")
                    .setFrom(timestamp(began.minusSeconds(15)))
                    .setTo(timestamp(began))
                    .build())
            .getSandboxes(0);
    assertThat(window.getStart()).isEqualTo(timestamp(began.minusSeconds(20)));
    assertThat(window.getEnd()).isEqualTo(timestamp(began.minusSeconds(10)));
    assertThat(window.getCgroupNanos()).isEqualTo(4_000);
    assertThat(window.getContainersList())
        .extracting(ContainerCpuWindow::getNanos)
        .containsExactly(3_000L, 1_000L);
    assertThat(window.getTruncated()).isFalse();
  }

  private static UsageSample at(UsageSample sample, Instant time) {
    return sample.toBuilder().setTime(timestamp(time)).build();
  }

  private static Timestamp timestamp(Instant time) {
    return Timestamp.newBuilder()
        .setSeconds(time.getEpochSecond())
        .setNanos(time.getNano())
        .build();
  }

  @Test
  void setsAsideWhatIsNoEventAndGoesOn() throws Exception {
    broker.start();
    publish(journal.records().subList(0, 6));
    produce(
        List.of(new ProducerRecord<>("caisson.events.v1", "x".getBytes(UTF_8), new byte[] {-1})));
    publish(journal.records().subList(6, 12));
    awaitRecords(12);
    assertThat(verify().getOk()).isTrue();
    awaitPrometheus("caisson_trail_aside_total{reason=\"unreadable\"} 1.0");
  }

  @Test
  void refusesWithAReason() {
    assertRefused(Reason.INVALID_PAGE, () -> client().searchTrail(page(-1)));
    assertRefused(Reason.INVALID_PAGE, () -> client().searchTrail(page(1_001)));
    assertRefused(
        Reason.INVALID_FIELD,
        () -> client().searchTrail(SearchTrailRequest.newBuilder().setOutcomeValue(9).build()));
    assertRefused(
        Reason.UNKNOWN_NODE,
        () -> client().verifyTrail(VerifyTrailRequest.newBuilder().setNode("n9").build()));
    assertRefused(
        Reason.NO_USAGE, () -> client().getCpuUsage(GetCpuUsageRequest.getDefaultInstance()));
    assertRefused(
        Reason.INVALID_FIELD,
        () -> client().getCpuWindow(GetCpuWindowRequest.getDefaultInstance()));
    Timestamp now = timestamp(Instant.now());
    assertRefused(
        Reason.INVALID_FIELD,
        () ->
            client()
                .getCpuWindow(GetCpuWindowRequest.newBuilder().setFrom(now).setTo(now).build()));
    assertRefused(
        Reason.INVALID_FIELD,
        () ->
            client()
                .getCpuWindow(
                    GetCpuWindowRequest.newBuilder()
                        .setFrom(Timestamp.newBuilder().setSeconds(Long.MAX_VALUE))
                        .build()));
    assertRefused(
        Reason.NO_USAGE,
        () -> client().getCpuWindow(GetCpuWindowRequest.newBuilder().setFrom(now).build()));
  }

  private static void assertRefused(Reason reason, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(RpcErrors.info(e).orElseThrow().getReason()).isEqualTo(reason.name());
              assertThat(RpcErrors.info(e).orElseThrow().getDomain())
                  .isEqualTo("audit.caisson.dev");
            });
  }

  private static SearchTrailRequest page(int size) {
    return SearchTrailRequest.newBuilder().setPageSize(size).build();
  }

  private void startAuditor() {
    Path socket = directory.resolve("audit.sock");
    auditor =
        ApplicationContext.run(
            EmbeddedServer.class,
            Map.of(
                "micronaut.server.port",
                -1,
                "caisson.auditor.data",
                directory.resolve("auditor"),
                "caisson.auditor.node-keys",
                directory.resolve("nodes"),
                "caisson.auditor.trail.verify-every",
                "1s",
                "caisson.auditor.socket",
                socket,
                "caisson.auditor.allowed-users",
                TestUser.number(),
                "caisson.kafka.bootstrap-servers",
                broker.address()));
    channel = Channels.unix(socket);
  }

  private void stopAuditor() {
    channel.shutdownNow();
    auditor.close();
  }

  private AuditGrpc.AuditBlockingStub client() {
    return AuditGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private SearchTrailResponse search(String type) {
    return client()
        .searchTrail(SearchTrailRequest.newBuilder().setType(type).setPageSize(1_000).build());
  }

  private NodeVerification verify() {
    return client().verifyTrail(VerifyTrailRequest.getDefaultInstance()).getNodes(0);
  }

  private void awaitRecords(int count) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(search("").getRecordsCount()).isEqualTo(count));
  }

  private CpuApportioned awaitFigures(long seq) {
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreException(StatusRuntimeException.class)
        .untilAsserted(() -> assertThat(figures().getSandboxSeq()).isEqualTo(seq));
    return figures();
  }

  private CpuApportioned figures() {
    return client().getCpuUsage(GetCpuUsageRequest.getDefaultInstance()).getSandboxes(0);
  }

  private void awaitPrometheus(String line) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(prometheus()).contains(line));
  }

  private String health() throws Exception {
    return get("/health");
  }

  private String prometheus() throws Exception {
    return get("/prometheus");
  }

  private String get(String path) throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(auditor.getURL() + path)).build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request, BodyHandlers.ofString()).body();
    }
  }

  // What somebody could do who has the database, but not the journal.
  private void alter(JournalRecord record) throws Exception {
    stopAuditor();
    String url = "jdbc:h2:file:" + directory.resolve("auditor/trail/trail");
    byte[] bytes = record.event().toByteArray();
    bytes[bytes.length - 1] ^= 1;
    try (Connection connection = DriverManager.getConnection(url, "caisson", "");
        PreparedStatement update =
            connection.prepareStatement("UPDATE trail SET event = ? WHERE seq = ?");
        Statement shutdown = connection.createStatement()) {
      update.setBytes(1, bytes);
      update.setLong(2, record.seq());
      assertThat(update.executeUpdate()).isEqualTo(1);
      shutdown.execute("SHUTDOWN");
    }
    startAuditor();
  }

  private void publish(List<JournalRecord> records) {
    produce(records.stream().map(Records::event).toList());
  }

  private void publishSamples(UsageSample... samples) {
    produce(
        Arrays.stream(samples).map(sample -> Records.usage("n1", sample.toByteString())).toList());
  }

  private void produce(List<ProducerRecord<byte[], byte[]>> records) {
    KafkaAccess.of(broker.address(), (short) 1).prepare(Topic.values());
    try (KafkaProducer<byte[], byte[]> producer = producer("test")) {
      producer.initTransactions();
      producer.beginTransaction();
      records.forEach(record -> send(producer, record));
      producer.commitTransaction();
    }
  }

  private KafkaProducer<byte[], byte[]> producer(String id) {
    return new KafkaProducer<>(ClientSettings.of(broker.address()).transactionalProducer(id));
  }

  // What fails, fails the transaction.
  private static void send(
      KafkaProducer<byte[], byte[]> producer, ProducerRecord<byte[], byte[]> record) {
    assertThat(producer.send(record)).isNotNull();
  }

  private static UsageSample sample(long seq, long cgroup, long a, long b) {
    return UsageSample.newBuilder()
        .setNode("n1")
        .setTenant("default")
        .setSandboxId("web")
        .setSandboxUid("uid-web")
        .setSandboxSeq(seq)
        .setTime(Timestamp.newBuilder().setSeconds(Instant.now().getEpochSecond()))
        .setCgroupNanos(cgroup)
        .addContainers(usage("a", a))
        .addContainers(usage("b", b))
        .build();
  }

  private static ContainerUsage usage(String id, long nanos) {
    return ContainerUsage.newBuilder()
        .setContainerId(id)
        .setContainerUid("uid-" + id)
        .setCpuNanos(nanos)
        .setRunning(true)
        .build();
  }
}
