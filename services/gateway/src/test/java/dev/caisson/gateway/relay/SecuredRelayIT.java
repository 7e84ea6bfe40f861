package dev.caisson.gateway.relay;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.backing.Broker;
import dev.caisson.backing.BrokerSecurity;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.KafkaAccess;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.testing.DocumentedAcl;
import dev.caisson.testing.KafkaGuide;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
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

/** The settings of docs/kafka.md, TLS with a login or a certificate, and exactly its ACLs. */
@Timeout(180)
class SecuredRelayIT {

  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String PASSWORD = "geheimes-wort";

  /** The least that Kafka takes. */
  private static final int ITERATIONS = 4_096;

  @TempDir Path directory;

  private final ServedJournal journal = new ServedJournal();
  private BrokerSecurity security;
  private Broker broker;
  private GrpcServer server;
  private Path socket;

  @BeforeEach
  void start() throws Exception {
    broker = Broker.at(directory.resolve("broker"));
    security = new BrokerSecurity(directory.resolve("keys"));
    Path secrets = Files.createDirectories(directory.resolve("secrets"));
    Files.copy(security.certificate(), directory.resolve("kafka-ca.pem"));
    security.issue("gateway", secrets.resolve("gateway.p12"), PASSWORD);
    Files.writeString(secrets.resolve("gateway.password"), PASSWORD + "\n");
    broker.with(security).start();
    socket = directory.resolve("j");
    server = GrpcServer.unix(socket).services(List.of(journal)).start();
    allow(DocumentedAcl.of("gateway"));
    makeLogin();
  }

  @AfterEach
  void stop() {
    server.close();
    broker.close();
  }

  @Test
  void relaysWithTheDocumentedAclsAndUsesEachOfThem() throws Exception {
    try (Relay _ = relayWithLogin(PASSWORD)) {
      journal.append(5);
      awaitAcknowledged(5);
    }
    journal.sample(1);
    try (Relay _ = relayWithLogin(PASSWORD)) {
      journal.append(5);
      awaitAcknowledged(10);
      awaitSample();
    }
    assertThat(new Committed(ClientSettings.of(security.administrationAddress())).positions())
        .hasSize(10);
    String log = broker.log();
    for (DocumentedAcl acl : DocumentedAcl.of("gateway")) {
      assertThat(acl.rules()).allSatisfy(rule -> assertThat(log.contains(rule)).as(rule).isTrue());
    }
  }

  @Test
  void saysWhatItMayNotDo() throws Exception {
    revoke(ResourceType.TRANSACTIONAL_ID);
    try (Relay relay = relayWithLogin(PASSWORD)) {
      journal.append(1);
      awaitTrouble(relay, "Transactional");
      assertThat(relay.fenced()).isFalse();
      allow(DocumentedAcl.of("gateway"));
      awaitAcknowledged(1);
    }
  }

  @Test
  void relaysWithACertificateOfItsOwn() throws Exception {
    String settings = KafkaGuide.settings("TLS and a certificate of one's own", directory);
    try (Relay _ = relay(security.certificateAddress(), settings)) {
      journal.append(5);
      awaitAcknowledged(5);
    }
    String without = settings.replaceAll("ssl\\.keystore\\..*\\n", "");
    try (Relay relay = relay(security.certificateAddress(), without)) {
      journal.append(1);
      awaitTrouble(relay, "certificate");
    }
  }

  @Test
  void saysThatItsPasswordIsWrongAndNotWhatItIs() throws Exception {
    try (Relay relay = relayWithLogin("falsches-wort")) {
      journal.append(1);
      awaitTrouble(relay, "Authentication failed");
      assertThat(relay.trouble().orElseThrow()).doesNotContain("wort");
    }
  }

  private Relay relayWithLogin(String password) throws Exception {
    Files.writeString(
        directory.resolve("secrets/kafka-login"), KafkaGuide.login("gateway", password));
    return relay(broker.address(), KafkaGuide.settings("TLS and a password", directory));
  }

  private Relay relay(String address, String settings) throws Exception {
    Path file = Files.writeString(directory.resolve("kafka.properties"), settings);
    KafkaAccess access = KafkaAccess.of(address, (short) 1, Map.of(), Optional.of(file));
    return RelayProcess.relay(socket, access, Batching.LINGER);
  }

  private static void awaitTrouble(Relay relay, String words) {
    Awaitility.await().atMost(PATIENCE).until(() -> relay.trouble().orElse("").contains(words));
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

  private void makeLogin() throws Exception {
    ScramCredentialInfo scram = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS);
    try (Admin admin = administration()) {
      admin
          .alterUserScramCredentials(
              List.of(new UserScramCredentialUpsertion("gateway", scram, PASSWORD)))
          .all()
          .get();
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
