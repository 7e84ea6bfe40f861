package dev.caisson.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.ServerTls;
import dev.caisson.testing.CertificateAuthority;
import dev.caisson.testing.CertificateAuthority.Issued;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A gateway on another machine. */
@Timeout(60)
class TlsTest {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<byte[]> WARNING =
      Metadata.Key.of("caisson-warning-bin", Metadata.BINARY_BYTE_MARSHALLER);

  @TempDir private static Path made;
  private static CertificateAuthority authority;
  private static Issued own;
  private static Issued ada;

  private final FakeGateway gateway = new FakeGateway();
  private final List<String> tokens = new CopyOnWriteArrayList<>();
  private GrpcServer server;

  @BeforeAll
  static void certify() throws Exception {
    authority = new CertificateAuthority(made);
    own = authority.issue("gateway", "CN=gateway", "ip:127.0.0.1");
    ada = authority.issue("ada", "CN=ada", "");
  }

  @BeforeEach
  void serve() throws Exception {
    server =
        GrpcServer.tls(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                new ServerTls(own.certificate(), own.key(), authority.certificate(), true))
            .services(List.of(gateway))
            .interceptors(List.of(new Seen()))
            .start();
  }

  @AfterEach
  void close() {
    server.close();
  }

  private final class Seen implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      tokens.add(String.valueOf(headers.get(AUTHORIZATION)));
      return next.startCall(
          new io.grpc.ForwardingServerCall.SimpleForwardingServerCall<>(call) {
            @Override
            public void sendHeaders(Metadata answer) {
              answer.put(
                  WARNING, "night: it is late".getBytes(java.nio.charset.StandardCharsets.UTF_8));
              super.sendHeaders(answer);
            }
          },
          headers);
    }
  }

  private Caisson.Builder builder() {
    return Caisson.builder()
        .address("127.0.0.1:" + server.port())
        .authorities(authority.certificate())
        .certificate(ada.certificate(), ada.key());
  }

  @Test
  void knowsTheGatewayAndIsKnown() {
    try (Caisson client = builder().build()) {
      assertThat(client.containers().get("web").block().getName()).isEqualTo("web");
    }
    assertThat(tokens).containsExactly("null");
  }

  @Test
  void asksForATokenWithEachAttempt() {
    AtomicInteger given = new AtomicInteger();
    gateway.failures.add(FakeGateway.away());
    try (Caisson client = builder().token(() -> "t" + given.incrementAndGet()).build()) {
      client.containers().get("web").block();
      client.containers().get("web").block();
    }
    assertThat(tokens).containsExactly("Bearer t1", "Bearer t2", "Bearer t3");
  }

  @Test
  void saysWhyThereIsNoToken() {
    Supplier<String> broken =
        () -> {
          throw new IllegalStateException("the vault is sealed");
        };
    try (Caisson client = builder().token(broken).build()) {
      CaissonException failure =
          catchThrowableOfType(
              CaissonException.class, () -> client.containers().get("web").block());
      assertThat(failure.code()).isEqualTo(Status.Code.UNAUTHENTICATED);
      assertThat(failure).hasMessageContaining("the vault is sealed");
      assertThat(failure).hasRootCauseInstanceOf(IllegalStateException.class);
    }
    assertThat(tokens).isEmpty();
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "secret\n", "sec ret", "sécret"})
  void carriesNothingThatIsNoToken(String token) {
    try (Caisson client = builder().token(() -> token).build()) {
      CaissonException failure =
          catchThrowableOfType(
              CaissonException.class, () -> client.containers().get("web").block());
      assertThat(failure.code()).isEqualTo(Status.Code.UNAUTHENTICATED);
      assertThat(failure).hasMessageContaining("token").message().doesNotContain("cret");
    }
    assertThat(tokens).isEmpty();
  }

  @Test
  void hangsOnNoErrorOfWhoGivesTokens() {
    Supplier<String> broken =
        () -> {
          throw new LinkageError("no vault here");
        };
    try (Caisson client = builder().token(broken).build()) {
      assertThatThrownBy(() -> client.containers().get("web").block())
          .isInstanceOf(CaissonException.class)
          .hasRootCauseInstanceOf(LinkageError.class);
    }
  }

  @Test
  void tellsWhatPoliciesWarnOf() {
    List<String> warnings = new CopyOnWriteArrayList<>();
    try (Caisson client = builder().whenWarned(warnings::add).build()) {
      client.containers().get("web").block();
    }
    assertThat(warnings).containsExactly("night: it is late");
  }

  @Test
  void trustsNobodyElse() {
    try (Caisson client = Caisson.builder().address("127.0.0.1:" + server.port()).build()) {
      CaissonException failure =
          catchThrowableOfType(
              CaissonException.class, () -> client.containers().get("web").block());
      assertThat(failure.code()).isEqualTo(Status.Code.UNAVAILABLE);
      assertThat(failure.isUnreached()).isTrue();
    }
  }

  @Test
  void namesFilesThatCannotBeUsed() {
    assertThatThrownBy(() -> builder().authorities(made.resolve("missing.pem")).build())
        .isInstanceOf(java.io.UncheckedIOException.class)
        .hasMessageContaining("missing.pem");
  }

  @Test
  void wantsOneWayToTheGateway() {
    assertThatThrownBy(() -> Caisson.builder().build()).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> builder().socket(made.resolve("s")).build())
        .isInstanceOf(IllegalStateException.class);
  }
}
