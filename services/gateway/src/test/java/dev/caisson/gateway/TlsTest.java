package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.gateway.server.GatewayServer;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.testing.CertificateAuthority;
import dev.caisson.testing.CertificateAuthority.Issued;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Callers with certificates, over TCP. */
@Timeout(120)
class TlsTest {
  @TempDir static Path made;
  private static CertificateAuthority authority;
  private static Issued own;

  @TempDir Path directory;

  private final List<ManagedChannel> channels = new ArrayList<>();
  private GatewayFixture gateway;

  @BeforeAll
  static void make() throws Exception {
    authority = new CertificateAuthority(made);
    own = authority.issue("gateway", "CN=gateway", "ip:127.0.0.1");
  }

  @BeforeEach
  void start() throws Exception {
    Files.writeString(
        directory.resolve("access.yaml"),
        """
        bindings:
          - {role: operator, tenants: [ci], members: ["spiffe://example.org/ci/*"]}
          - {role: viewer, tenants: [ci], members: ["x509:CN=ada,O=Example"]}
        """);
    gateway = GatewayFixture.start(directory, settings());
  }

  @AfterEach
  void stop() {
    channels.forEach(ManagedChannel::shutdownNow);
    gateway.close();
  }

  private Map<String, Object> settings() {
    Map<String, Object> settings = new HashMap<>();
    settings.put("caisson.gateway.access-file", directory.resolve("access.yaml").toString());
    settings.put("caisson.gateway.tls.address", "127.0.0.1:0");
    settings.put("caisson.gateway.tls.certificate", own.certificate().toString());
    settings.put("caisson.gateway.tls.key", own.key().toString());
    settings.put("caisson.gateway.tls.authorities", authority.certificate().toString());
    return settings;
  }

  @Test
  void knowsACallerByHisSpiffeId() throws Exception {
    Issued build = authority.issue("build", "CN=whoever", "uri:spiffe://example.org/ci/build");
    as(build).createContainer(container("tenants/ci", "c", "x"));
    Actor actor = gateway.executor.last(CreateContainerRequest.class).getActor();
    assertThat(actor.getPrincipal()).isEqualTo("spiffe://example.org/ci/build");
    assertThat(actor.getMethod()).isEqualTo("mtls");
    assertThat(reason(as(build), "tenants/other")).isEqualTo("NOT_ALLOWED");
  }

  @Test
  void knowsACallerByHisSubject() throws Exception {
    Issued ada = authority.issue("ada", "CN=ada,O=Example", "");
    StatusRuntimeException error =
        refused(() -> as(ada).createContainer(container("tenants/ci", "c", "x")));
    assertThat(info(error).getMetadataMap()).containsEntry("principal", "x509:CN=ada,O=Example");
    Issued other = authority.issue("other", "CN=ada,O=Elsewhere", "dns:ada.example.org");
    assertThat(reason(as(other), "tenants/ci")).isEqualTo("NOT_ALLOWED");
  }

  @Test
  void doesNotKnowOneWithTwoIds() throws Exception {
    Issued two =
        authority.issue(
            "two", "CN=ada,O=Example", "uri:spiffe://example.org/ci/a,uri:spiffe://example.org/x");
    assertThat(reason(as(two), "tenants/ci")).isEqualTo("UNAUTHENTICATED");
  }

  @Test
  void servesNobodyWithoutACertificateOfTheAuthority() throws Exception {
    Issued forged =
        new CertificateAuthority(directory.resolve("other"))
            .issue("forged", "CN=whoever", "uri:spiffe://example.org/ci/build");
    ChannelCredentials without =
        TlsChannelCredentials.newBuilder().trustManager(authority.certificate().toFile()).build();
    for (ChannelCredentials credentials :
        List.of(with(forged), without, InsecureChannelCredentials.create())) {
      StatusRuntimeException error =
          refused(() -> as(credentials).createContainer(container("tenants/ci", "c", "x")));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
    assertThat(gateway.executor.requests).isEmpty();
  }

  @Test
  void asksForATokenWhereACertificateIsOptional() throws Exception {
    Map<String, Object> settings = settings();
    settings.put("caisson.gateway.tls.callers", "optional");
    gateway.close();
    gateway = GatewayFixture.start(directory, settings);
    ChannelCredentials without =
        TlsChannelCredentials.newBuilder().trustManager(authority.certificate().toFile()).build();
    assertThat(reason(as(without), "tenants/ci")).isEqualTo("UNAUTHENTICATED");
    Issued build = authority.issue("again", "CN=whoever", "uri:spiffe://example.org/ci/again");
    as(build).createContainer(container("tenants/ci", "c", "x"));
  }

  @Test
  void doesNotStartWithSettingsThatDoNotGoTogether() throws Exception {
    Map<String, Object> withoutAccess = settings();
    withoutAccess.remove("caisson.gateway.access-file");
    Map<String, Object> withoutKey = settings();
    withoutKey.remove("caisson.gateway.tls.key");
    Map<String, Object> nowhere = settings();
    nowhere.put("caisson.gateway.tls.address", "7443");
    Map<String, Object> noKey = settings();
    noKey.put("caisson.gateway.tls.key", authority.certificate().toString());
    assertThatThrownBy(() -> startBeside("a", withoutAccess))
        .hasStackTraceContaining("caisson.gateway.access-file must be given");
    assertThatThrownBy(() -> startBeside("b", withoutKey))
        .hasStackTraceContaining("tls.certificate, .key and .authorities must be given");
    assertThatThrownBy(() -> startBeside("c", nowhere))
        .hasStackTraceContaining("caisson.gateway.tls.address must be HOST:PORT");
    assertThatThrownBy(() -> startBeside("d", noKey))
        .hasStackTraceContaining("The TLS files must be a certificate, its private key in PKCS #8");
  }

  private void startBeside(String name, Map<String, Object> settings) throws IOException {
    GatewayFixture.start(Files.createDirectory(directory.resolve(name)), settings).close();
  }

  private static String reason(ContainersGrpc.ContainersBlockingStub stub, String tenant) {
    return info(refused(() -> stub.createContainer(container(tenant, "c", "x")))).getReason();
  }

  private ContainersGrpc.ContainersBlockingStub as(Issued caller) throws IOException {
    return as(with(caller));
  }

  private ContainersGrpc.ContainersBlockingStub as(ChannelCredentials credentials) {
    int port = gateway.context.getBean(GatewayServer.class).tlsPort();
    ManagedChannel channel = Grpc.newChannelBuilder("127.0.0.1:" + port, credentials).build();
    channels.add(channel);
    return ContainersGrpc.newBlockingStub(channel);
  }

  private ChannelCredentials with(Issued caller) throws IOException {
    return TlsChannelCredentials.newBuilder()
        .keyManager(caller.certificate().toFile(), caller.key().toFile())
        .trustManager(authority.certificate().toFile())
        .build();
  }
}
