package dev.caisson.auditor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.auditor.trail.FakeJournal;
import dev.caisson.backing.Broker;
import dev.caisson.backing.BrokerSecurity;
import dev.caisson.events.ClientPropertiesException;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Records;
import dev.caisson.events.Topic;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.rpc.Channels;
import dev.caisson.testing.DocumentedAcl;
import dev.caisson.testing.KafkaGuide;
import io.grpc.ManagedChannel;
import io.micronaut.context.ApplicationContext;
import io.micronaut.runtime.server.EmbeddedServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The settings of docs/kafka.md, TLS with a certificate of its own, and exactly its ACLs. */
@Timeout(180)
class SecuredAuditorIT {

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final String PASSWORD = "geheimes-wort";

  @TempDir Path directory;

  @Test
  void readsAndApportionsWithTheDocumentedAclsAndUsesEachOfThem() throws Exception {
    BrokerSecurity security = new BrokerSecurity(directory.resolve("keys"));
    Path settings = settingsWithSecretsInFiles(security);
    try (Broker broker = Broker.at(directory.resolve("broker"))) {
      broker.with(security).start();
      allow(security.administrationAddress());
      ManagedChannel channel = Channels.unix(directory.resolve("audit.sock"));
      try (EmbeddedServer _ = start(security.certificateAddress(), settings)) {
        awaitTopics(security.administrationAddress());
        produce(security.administrationAddress());
        await(channel);
      } finally {
        channel.shutdownNow();
      }
      assertEachIsUsed(broker.log());
    }
  }

  @Test
  void doesNotStartWithSettingsThatBreakItsPromises() {
    Map<String, Object> settings = settings("127.0.0.1:1");
    settings.put("caisson.kafka.properties.isolation.level", "read_uncommitted");
    settings.put("caisson.kafka.properties.processing.guarantee", "at_least_once");
    assertThatThrownBy(() -> ApplicationContext.run(EmbeddedServer.class, settings))
        .rootCause()
        .isInstanceOf(ClientPropertiesException.class)
        .hasMessageContainingAll("isolation.level cannot be set", "processing.guarantee cannot be");
  }

  // The password of the store comes from Kafka's own provider, and not from a file of ours.
  private Path settingsWithSecretsInFiles(BrokerSecurity security) throws Exception {
    Path secrets = Files.createDirectories(directory.resolve("secrets"));
    Files.copy(security.certificate(), directory.resolve("kafka-ca.pem"));
    security.issue("auditor", secrets.resolve("auditor.p12"), PASSWORD);
    Files.writeString(secrets.resolve("kafka"), "keystore=" + PASSWORD + "\n");
    String settings =
        KafkaGuide.settings("TLS and a certificate of one's own", directory)
            .replace("gateway.p12", "auditor.p12")
            .replaceAll("ssl\\.keystore\\.password-file=.*\\n", "");
    String providers = KafkaGuide.settings("Kafka's own providers", directory);
    return Files.writeString(directory.resolve("kafka.properties"), settings + providers);
  }

  private EmbeddedServer start(String kafka, Path file) {
    Map<String, Object> settings = settings(kafka);
    settings.put("caisson.kafka.replication", 1);
    settings.put("caisson.kafka.properties-file", file);
    return ApplicationContext.run(EmbeddedServer.class, settings);
  }

  private Map<String, Object> settings(String kafka) {
    return new HashMap<>(
        Map.of(
            "micronaut.server.port", -1,
            "caisson.auditor.data", directory.resolve("auditor"),
            "caisson.auditor.node-keys", directory.resolve("nodes"),
            "caisson.auditor.socket", directory.resolve("audit.sock"),
            "caisson.auditor.allowed-users", TestUser.number(),
            "caisson.kafka.bootstrap-servers", kafka));
  }

  // The auditor makes its own, before anybody else could.
  private static void awaitTopics(String administration) {
    try (Admin admin = Admin.create(ClientSettings.of(administration).admin())) {
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() ->
              admin
                  .listTopics()
                  .names()
                  .get()
                  .containsAll(
                      Stream.of(Topic.EVENTS, Topic.USAGE, Topic.CPU)
                          .map(Topic::topicName)
                          .toList()));
    }
  }

  private static void produce(String administration) {
    KafkaAccess access = KafkaAccess.of(administration, (short) 1);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(access.clients().transactionalProducer("test"))) {
      producer.initTransactions();
      producer.beginTransaction();
      new FakeJournal("n1")
          .started()
          .records()
          .forEach(record -> assertThat(producer.send(Records.event(record))).isNotNull());
      UsageSample sample =
          UsageSample.newBuilder().setNode("n1").setSandboxUid("u").setSandboxSeq(1).build();
      assertThat(producer.send(Records.usage("n1", sample.toByteString()))).isNotNull();
      producer.commitTransaction();
    }
  }

  private static void await(ManagedChannel channel) {
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .until(() ->
            !client(channel)
                    .searchTrail(SearchTrailRequest.getDefaultInstance())
                    .getRecordsList()
                    .isEmpty()
                && client(channel)
                        .getCpuUsage(GetCpuUsageRequest.getDefaultInstance())
                        .getSandboxesCount()
                    == 1);
  }

  private static AuditGrpc.AuditBlockingStub client(ManagedChannel channel) {
    return AuditGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS);
  }

  private static void allow(String administration) throws Exception {
    try (Admin admin = Admin.create(ClientSettings.of(administration).admin())) {
      List<AclBinding> bindings =
          DocumentedAcl.of("auditor").stream().flatMap(SecuredAuditorIT::bindings).toList();
      admin.createAcls(bindings).all().get();
    }
  }

  private static Stream<AclBinding> bindings(DocumentedAcl acl) {
    ResourcePattern resource =
        new ResourcePattern(
            ResourceType.fromString(acl.resourceType()),
            acl.name(),
            acl.prefixed() ? PatternType.PREFIXED : PatternType.LITERAL);
    return acl.operationTypes().stream()
        .map(operation ->
            new AclBinding(
                resource,
                new AccessControlEntry(
                    "User:auditor",
                    "*",
                    AclOperation.fromString(operation),
                    AclPermissionType.ALLOW)));
  }

  private static void assertEachIsUsed(String log) throws Exception {
    for (DocumentedAcl acl : DocumentedAcl.of("auditor")) {
      assertThat(acl.rules()).allSatisfy(rule -> assertThat(log.contains(rule)).as(rule).isTrue());
    }
  }
}
