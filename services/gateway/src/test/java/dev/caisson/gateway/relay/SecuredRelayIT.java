package dev.caisson.gateway.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.events.ClientSettings;
import dev.caisson.events.KafkaAccess;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.testing.BrokerProcess;
import dev.caisson.testing.BrokerSecurity;
import dev.caisson.testing.DocumentedAcl;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AccessControlEntryFilter;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourcePatternFilter;
import org.apache.kafka.common.resource.ResourceType;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** TLS, a login by password, and exactly the ACLs of docs/kafka.md. */
@Timeout(180)
class SecuredRelayIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String PASSWORD = "geheimes-wort";

  @TempDir Path directory;

  private final ServedJournal journal = new ServedJournal();
  private BrokerSecurity security;
  private BrokerProcess broker;
  private GrpcServer server;
  private Path socket;

  @BeforeEach
  void start() throws Exception {
    broker = BrokerProcess.at(directory.resolve("broker")).orElseThrow();
    security = new BrokerSecurity(directory.resolve("keys"), Map.of("gateway", PASSWORD));
    broker.with(security.broker(broker)).start();
    socket = directory.resolve("j");
    server = GrpcServer.unix(socket).services(List.of(journal)).start();
    allow(DocumentedAcl.of("gateway"));
  }

  @AfterEach
  void stop() {
    server.close();
    broker.close();
  }

  @Test
  void relaysWithTheDocumentedAclsAndUsesEachOfThem() throws Exception {
    try (Relay _ = relay(security.login("gateway"))) {
      journal.append(5);
      awaitAcknowledged(5);
    }
    journal.sample(1);
    try (Relay _ = relay(security.login("gateway"))) {
      journal.append(5);
      awaitAcknowledged(10);
      awaitSample();
    }
    assertThat(new Committed(ClientSettings.of(security.administrationAddress())).positions())
        .hasSize(10);
    String log = Files.readString(broker.log());
    for (DocumentedAcl acl : DocumentedAcl.of("gateway")) {
      assertThat(acl.rules()).allSatisfy(rule -> assertThat(log.contains(rule)).as(rule).isTrue());
    }
  }

  @Test
  void saysWhatItMayNotDo() throws Exception {
    revoke(ResourceType.TRANSACTIONAL_ID);
    try (Relay relay = relay(security.login("gateway"))) {
      journal.append(1);
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> relay.trouble().orElse("").contains("Transactional"));
      assertThat(relay.fenced()).isFalse();
      allow(DocumentedAcl.of("gateway"));
      awaitAcknowledged(1);
    }
  }

  @Test
  void saysThatItsPasswordIsWrongAndNotWhatItIs() throws Exception {
    String wrong = security.login("gateway").replace(PASSWORD, "falsches-wort");
    try (Relay relay = relay(wrong)) {
      journal.append(1);
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> relay.trouble().orElse("").contains("Authentication failed"));
      assertThat(relay.trouble().orElseThrow()).doesNotContain("wort");
    }
  }

  private Relay relay(String login) throws Exception {
    Path secret = Files.writeString(directory.resolve("login"), login + "\n");
    Path file =
        Files.writeString(
            directory.resolve("kafka.properties"),
            """
            security.protocol=SASL_SSL
            sasl.mechanism=PLAIN
            sasl.jaas.config-file=%s
            ssl.truststore.type=PEM
            ssl.truststore.location=%s
            """
                .formatted(secret, security.certificate()));
    KafkaAccess access = KafkaAccess.of(broker.address(), (short) 1, Map.of(), Optional.of(file));
    return RelayProcess.relay(socket, access, Batching.LINGER);
  }

  private void awaitAcknowledged(long seq) {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> journal.acknowledged().events().equals(new Place(1, seq)));
  }

  private void awaitSample() {
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> journal.acknowledged().usage().equals(new Place(1, 1)));
  }

  private void allow(List<DocumentedAcl> documented) throws Exception {
    try (Admin admin = administration()) {
      admin.createAcls(documented.stream().flatMap(SecuredRelayIT::bindings).toList()).all().get();
    }
  }

  private void revoke(ResourceType type) throws Exception {
    ResourcePatternFilter resources = new ResourcePatternFilter(type, null, PatternType.ANY);
    try (Admin admin = administration()) {
      AclBindingFilter filter = new AclBindingFilter(resources, AccessControlEntryFilter.ANY);
      assertThat(admin.deleteAcls(List.of(filter)).all().get()).isNotEmpty();
    }
  }

  private Admin administration() {
    return Admin.create(ClientSettings.of(security.administrationAddress()).admin());
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
                    "User:gateway",
                    "*",
                    AclOperation.fromString(operation),
                    AclPermissionType.ALLOW)));
  }
}
