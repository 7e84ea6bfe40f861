package dev.caisson.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.PeerCertificate;
import dev.caisson.rpc.ServerTls;
import dev.caisson.testing.CertificateAuthority;
import dev.caisson.testing.CertificateAuthority.Issued;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A gateway on another machine, over TLS, by the client as a process of its own. */
@Timeout(180)
class ContextIT {
  @TempDir private static Path made;
  private static CertificateAuthority authority;
  private static Issued own;
  private static Issued ada;

  @TempDir private Path directory;
  private final List<String> callers = new CopyOnWriteArrayList<>();
  private final List<String> tokens = new CopyOnWriteArrayList<>();
  private FakeGateway gateway;
  private GrpcServer remote;
  private FakeIssuer issuer;

  @BeforeAll
  static void certify() throws Exception {
    authority = new CertificateAuthority(made);
    own = authority.issue("gateway", "CN=gateway", "ip:127.0.0.1");
    ada = authority.issue("ada", "CN=ada,O=Example", "");
  }

  @BeforeEach
  void serve() throws IOException {
    gateway = new FakeGateway(directory.resolve("data"));
    gateway.has("web", ContainerState.RUNNING, ExitStatus.getDefaultInstance());
    remote =
        GrpcServer.tls(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                new ServerTls(own.certificate(), own.key(), authority.certificate(), false))
            .services(List.of(gateway, gateway.auditor))
            .interceptors(List.of(new Seen()))
            .start();
    issuer = new FakeIssuer();
  }

  @AfterEach
  void close() {
    issuer.close();
    remote.close();
    gateway.close();
  }

  private final class Seen implements ServerInterceptor {
    private static final Metadata.Key<String> TOKEN =
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
      callers.add(PeerCertificate.of(call).map(PeerCertificate::principal).orElse("nobody"));
      tokens.add(String.valueOf(headers.get(TOKEN)));
      return next.startCall(call, headers);
    }
  }

  private record Ended(int code, String out, String err) {
    Ended is(int expected) {
      assertThat(code).as(err).isEqualTo(expected);
      return this;
    }
  }

  private Process begin(String... words) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "--illegal-native-access=deny",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.caisson.cli.Cli"));
    command.addAll(Arrays.asList(words));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("CAISSON_"));
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().put("CAISSON_CONFIG", config().toString());
    builder.environment().put("CAISSON_DATA", directory.resolve("none").toString());
    return builder.start();
  }

  private Path config() {
    return directory.resolve("config");
  }

  private Ended caisson(String... words) throws Exception {
    return caissonWith("", words);
  }

  private Ended caissonWith(String input, String... words) throws Exception {
    return ended(begin(words), input);
  }

  private static Ended ended(Process process, String input) throws Exception {
    try (var in = process.getOutputStream()) {
      in.write(input.getBytes(UTF_8));
    }
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    String err = new String(process.getErrorStream().readAllBytes(), UTF_8);
    return new Ended(process.waitFor(), out, err);
  }

  private String address() {
    return "127.0.0.1:" + remote.port();
  }

  private void named(String name, String... more) throws Exception {
    List<String> words =
        new ArrayList<>(
            List.of(
                "context",
                "create",
                name,
                "--address",
                address(),
                "--authorities",
                authority.certificate().toString()));
    words.addAll(Arrays.asList(more));
    caisson(words.toArray(String[]::new)).is(0);
  }

  private void withCertificate(String name) throws Exception {
    named(
        name,
        "--certificate",
        ada.certificate().toString(),
        "--key",
        ada.key().toString(),
        "--use");
  }

  @Test
  void theOneThatIsUsedIsAskedAsItSays() throws Exception {
    withCertificate("prod");
    assertThat(caisson("ps", "--quiet").is(0).out()).isEqualTo("web\n");
    assertThat(callers).containsExactly("x509:CN=ada,O=Example");
    assertThat(tokens).containsExactly("null");
    assertThat(caisson("context", "ls").is(0).out().lines().toList())
        .satisfiesExactly(
            heading -> assertThat(heading).contains("NAME", "ADDRESS", "TENANT", "AS"),
            local -> assertThat(local).startsWith("   local  this machine"),
            prod -> assertThat(prod).startsWith("*  prod   " + address()).endsWith("certificate"));
    assertThat(caisson("ps", "--context", "local").is(125).err())
        .contains("The gateway does not run");
    assertThat(caisson("ps", "-q", "--data", gateway.data.toString()).is(0).out())
        .isEqualTo("web\n");
    assertThat(callers).hasSize(1);
    caisson("context", "use", "local").is(0);
    assertThat(caisson("ps").is(125).err()).contains("The gateway does not run");
    assertThat(caisson("ps", "-q", "--context=prod").is(0).out()).isEqualTo("web\n");
    assertThat(caisson("trail", "--context=prod", "--output=json").is(0).out()).contains("{");
    assertThat(callers).hasSize(3);
    assertThat(caisson("context", "rm", "prod", "--output", "name").is(0).out())
        .isEqualTo("prod\n");
    assertThat(caisson("ps", "--context=prod").is(125).err()).contains("There is no context prod");
  }

  @Test
  void whatIsTypedWinsOverTheContextsTenant() throws Exception {
    named("prod", "--tenant", "team-a", "--use");
    caisson("create", "--rootfs", "/r", "--id", "a", "--", "true");
    caisson("create", "--tenant", "team-b", "--rootfs", "/r", "--id", "b", "--", "true");
    assertThat(gateway.created)
        .extracting(request -> request.getParent().replaceFirst("/sandboxes/.*", ""))
        .containsExactly("tenants/team-a", "tenants/team-b");
  }

  @Test
  void aTokenFromStandardInputIsCarriedUntilOneLogsOut() throws Exception {
    named("prod", "--use");
    Instant end = Instant.now().plus(1, ChronoUnit.HOURS).truncatedTo(ChronoUnit.SECONDS);
    String token = FakeIssuer.token(end);
    assertThat(caissonWith(token + "\n", "login", "--token-stdin").is(0).err())
        .isEqualTo("Logged in at prod until " + end + "\n");
    caisson("ps").is(0);
    assertThat(tokens).containsExactly("Bearer " + token);
    assertThat(callers).containsExactly("nobody");
    assertThat(caisson("context", "ls").out()).contains("token until " + end);
    assertThat(caisson("context", "ls", "--output", "json").out()).doesNotContain(token);
    Path file = config().resolve("tokens/prod.json");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file.getParent())))
        .isEqualTo("rwx------");
    caisson("logout").is(0);
    assertThat(file).doesNotExist();
    caisson("ps").is(0);
    assertThat(tokens).containsExactly("Bearer " + token, "null");
  }

  @Test
  void aPageThatOneOpensGivesATokenThatIsRenewed() throws Exception {
    named("prod", "--use");
    String old = FakeIssuer.token(Instant.now().minusSeconds(5));
    issuer.answers.add(new FakeIssuer.Answer(400, Map.of("error", "authorization_pending")));
    issuer.answers.add(
        new FakeIssuer.Answer(404, "<html>")); // of what stands before him: asked again
    issuer.answers.add(
        new FakeIssuer.Answer(
            200, Map.of("id_token", old, "access_token", "opaque", "refresh_token", "r1")));
    Ended login = caisson("login", "--issuer", issuer.url(), "--client-id", "cli").is(0);
    assertThat(login.err())
        .contains("Open https://id.example.org/device and enter WDJB-?MJHT")
        .contains("Logged in at prod until ");
    assertThat(issuer.forms.getFirst())
        .isEqualTo(Map.of("client_id", "cli", "scope", "openid offline_access"));
    assertThat(issuer.forms.getLast())
        .containsEntry("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
        .containsEntry("device_code", "d/1+2");

    String fresh = FakeIssuer.token(Instant.now().plusSeconds(3600));
    issuer.answers.add(new FakeIssuer.Answer(200, Map.of("id_token", fresh)));
    caisson("ps").is(0);
    caisson("ps").is(0);
    assertThat(tokens).containsExactly("Bearer " + fresh, "Bearer " + fresh);
    assertThat(issuer.forms.getLast())
        .containsEntry("grant_type", "refresh_token")
        .containsEntry("refresh_token", "r1");

    issuer.answers.add(
        new FakeIssuer.Answer(200, Map.of("id_token", old, "access_token", "an.access.token")));
    caisson("login", "--access-token").is(0); // at the issuer of the last time
    caisson("ps").is(0);
    assertThat(tokens.getLast()).isEqualTo("Bearer an.access.token");
  }

  /** OpenID Connect Core 1.0, 12.2: an answer need not have an ID token. */
  @Test
  void aTokenIsCarriedForAsLongAsItHolds() throws Exception {
    named("prod", "--use");
    List<FakeIssuer.Answer> none =
        List.of(
            new FakeIssuer.Answer(200, Map.of("refresh_token", "r2")),
            new FakeIssuer.Answer(400, Map.of("error", "invalid_grant")),
            new FakeIssuer.Answer(503, Map.of()));
    for (FakeIssuer.Answer answer : none) {
      String old = FakeIssuer.token(Instant.now().plusSeconds(29)); // so that another is asked for
      issuer.answers.add(
          new FakeIssuer.Answer(200, Map.of("id_token", old, "refresh_token", "r1")));
      caisson("login", "--issuer", issuer.url(), "--client-id", "cli").is(0);
      issuer.answers.add(answer);
      caisson("ps").is(0);
      assertThat(tokens.getLast()).isEqualTo("Bearer " + old);
      assertThat(issuer.forms.getLast()).containsEntry("refresh_token", "r1");
      assertThat(Files.readString(config().resolve("tokens/prod.json")))
          .contains(answer.equals(none.getFirst()) ? "\"r2\"" : "\"r1\"");
    }

    String gone = FakeIssuer.token(Instant.now().minusSeconds(5));
    issuer.answers.add(new FakeIssuer.Answer(200, Map.of("id_token", gone, "refresh_token", "r1")));
    caisson("login").is(0);
    issuer.answers.add(new FakeIssuer.Answer(200, Map.of("access_token", "opaque")));
    assertThat(caisson("ps").is(125).err())
        .contains("The login has ended, and the issuer gives no other ID token")
        .contains("--access-token");
    assertThat(tokens).hasSize(none.size());
  }

  @Test
  void aLoginThatComesToNothingSaysWhy() throws Exception {
    named("prod", "--use");
    Map<String, String> words =
        Map.of(
            "access_denied", "The login was refused",
            "expired_token", "Nobody opened the page in time",
            "invalid_client", "The issuer refuses: invalid_client");
    for (Map.Entry<String, String> one : words.entrySet()) {
      issuer.answers.add(new FakeIssuer.Answer(400, Map.of("error", one.getKey())));
      assertThat(caisson("login", "--issuer", issuer.url(), "--client-id", "cli").is(125).err())
          .contains(one.getValue());
    }
    assertThat(config().resolve("tokens/prod.json")).doesNotExist();
  }

  @Test
  void manyAtOnceLoseNothing() throws Exception {
    List<Process> clients = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      clients.add(begin("context", "create", "c" + i, "--address", "host:" + (i + 1)));
    }
    for (Process client : clients) {
      ended(client, "").is(0);
    }
    assertThat(caisson("context", "ls", "--output", "name").is(0).out())
        .isEqualTo("local\nc0\nc1\nc2\nc3\nc4\nc5\n");
  }

  @Test
  void namesOfNobodyAreSaid() throws Exception {
    for (String words : List.of("context use nobody", "login nobody", "ps --context nobody")) {
      assertThat(caisson(words.split(" ")).is(125).err()).contains("There is no context nobody");
    }
    assertThat(caisson("login").is(125).err()).contains("On this machine nobody logs in");
    assertThat(config().resolve("contexts.json")).doesNotExist();
  }

  @Test
  void whatIsWrongWithALoginIsSaid() throws Exception {
    named("prod", "--use");
    assertThat(caisson("login").is(2).err()).contains("--issuer must be given the first time");
    assertThat(caisson("login", "--issuer", "http://example.org", "--client-id", "x").is(2).err())
        .contains("--issuer must be an https URL: http://example.org");
    assertThat(caissonWith("two words", "login", "--token-stdin").is(2).err())
        .contains("Standard input must be one token");
    String away = issuer.url();
    issuer.close();
    assertThat(caisson("login", "--issuer", away, "--client-id", "x").is(125).err())
        .contains("The issuer does not answer at " + away);
    Files.writeString(config().resolve("contexts.json"), "{\"contexts\": {\"x\": {}}}");
    assertThat(caisson("ps").is(125).err())
        .contains("The file of contexts cannot be read: " + config(), "the address of x must be");
    Files.writeString(config().resolve("contexts.json"), "nonsense");
    assertThat(caisson("context", "ls").is(125).err()).contains("mend or remove it");
  }

  @Test
  void aServerThatNobodyVouchesForIsNotAsked() throws Exception {
    caisson("context", "create", "prod", "--address", address(), "--use").is(0);
    assertThat(caisson("ps").is(125).err()).contains("UNAVAILABLE");
    assertThat(callers).isEmpty();
  }
}
