package dev.caisson.auditor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.auditor.trail.FakeJournal;
import dev.caisson.backing.Broker;
import dev.caisson.backing.Postgres;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.JournalRecord;
import dev.caisson.events.Records;
import dev.caisson.events.Topic;
import dev.caisson.events.TopicPreparation;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.NodeVerification;
import dev.caisson.proto.audit.v1.Reason;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.audit.v1.VerifyTrailRequest;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.RpcErrors;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micronaut.context.ApplicationContext;
import io.micronaut.runtime.server.EmbeddedServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A PostgreSQL that comes late, goes, and comes back. */
class PostgresOutageIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path directory;

  private final FakeJournal journal = new FakeJournal("n1").started().life("web", "nginx");
  private Postgres postgres;
  private Broker broker;
  private EmbeddedServer auditor;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    broker = Broker.at(directory.resolve("broker"));
    broker.start();
    postgres = Postgres.at(directory.resolve("postgres"));
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
                "caisson.auditor.socket",
                socket,
                "caisson.auditor.allowed-users",
                TestUser.number(),
                "caisson.auditor.trail.url",
                postgres.url(),
                "caisson.auditor.trail.user",
                Postgres.USER,
                "caisson.kafka.bootstrap-servers",
                broker.address()));
    channel = Channels.unix(socket);
  }

  @AfterEach
  void stop() throws Exception {
    if (channel != null) {
      channel.shutdownNow();
      auditor.close();
    }
    broker.close();
    postgres.close();
  }

  @Test
  void waitsForItAndGoesOn() throws Exception {
    publish(journal.records());
    assertAway();
    postgres.start();
    awaitRecords(12);
    postgres.stop();
    publish(journal.started().life("db", "postgres").records().subList(12, 24));
    assertAway();
    postgres.start();
    awaitRecords(24);
    NodeVerification verification =
        audit().verifyTrail(VerifyTrailRequest.getDefaultInstance()).getNodes(0);
    assertThat(verification.getOk()).as("%s", verification).isTrue();
    Awaitility.await().atMost(PATIENCE).until(() -> !health().contains("DOWN"));
  }

  private void assertAway() throws Exception {
    assertThatThrownBy(() -> audit().searchTrail(SearchTrailRequest.getDefaultInstance()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
              assertThat(e.getStatus().getDescription()).contains("database is away");
              assertThat(RpcErrors.info(e).orElseThrow().getReason())
                  .isEqualTo(Reason.TRAIL_UNAVAILABLE.name());
            });
    assertThat(health()).contains("DOWN").contains("is away, and is waited for");
  }

  private void awaitRecords(int count) {
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
        .untilAsserted(() ->
            assertThat(
                    audit().searchTrail(SearchTrailRequest.getDefaultInstance()).getRecordsCount())
                .isEqualTo(count));
  }

  private AuditGrpc.AuditBlockingStub audit() {
    return AuditGrpc.newBlockingStub(channel)
        .withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  private String health() throws Exception {
    HttpRequest request = HttpRequest.newBuilder(URI.create(auditor.getURL() + "/health")).build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(request, BodyHandlers.ofString()).body();
    }
  }

  private void publish(List<JournalRecord> records) {
    try (Admin admin = Admin.create(ClientSettings.of(broker.address()).admin());
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(
                ClientSettings.of(broker.address()).transactionalProducer("test"))) {
      new TopicPreparation((short) 1).prepare(admin, Set.of(Topic.values()));
      producer.initTransactions();
      producer.beginTransaction();
      // What fails, fails the transaction.
      records.forEach(record -> assertThat(producer.send(Records.event(record))).isNotNull());
      producer.commitTransaction();
    }
  }
}
