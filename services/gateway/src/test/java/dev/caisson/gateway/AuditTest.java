package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.Timestamp;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.audit.v1.GetCpuWindowRequest;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.audit.v1.SearchTrailResponse;
import dev.caisson.proto.audit.v1.VerifyTrailRequest;
import dev.caisson.proto.audit.v1.WatchCpuUsageRequest;
import dev.caisson.proto.audit.v1.WatchCpuUsageResponse;
import dev.caisson.rpc.PeerPolicy;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.micronaut.health.HealthStatus;
import io.micronaut.inject.qualifiers.Qualifiers;
import io.micronaut.management.health.indicator.HealthIndicator;
import io.micronaut.management.health.indicator.HealthResult;
import io.micronaut.runtime.server.EmbeddedServer;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

/** The auditor's API, as the gateway serves it. */
@Timeout(60)
class AuditTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** What may be under way when somebody has stopped reading, at each hop, in chunks. */
  private static final int UNDER_WAY = 12;

  @TempDir Path directory;

  private static final Timestamp FROM = Timestamp.newBuilder().setSeconds(1).build();

  /** Each method that is of a tenant, called for one. */
  private static List<Function<String, Object>> calls(GatewayFixture gateway) {
    return List.of(
        tenant ->
            gateway.audit().searchTrail(SearchTrailRequest.newBuilder().setTenant(tenant).build()),
        tenant ->
            gateway.audit().getCpuUsage(GetCpuUsageRequest.newBuilder().setTenant(tenant).build()),
        tenant ->
            gateway
                .audit()
                .getCpuWindow(
                    GetCpuWindowRequest.newBuilder().setTenant(tenant).setFrom(FROM).build()),
        tenant ->
            gateway
                .audit()
                .watchCpuUsage(WatchCpuUsageRequest.newBuilder().setTenant(tenant).build())
                .next());
  }

  @Test
  void passesQuestionsOnAsTheyAre() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      SearchTrailRequest search =
          SearchTrailRequest.newBuilder()
              .setTenant("t")
              .setNode("n1")
              .setSandbox("web")
              .setContainer("c")
              .setPrincipal("uid:1")
              .setType("dev.caisson.")
              .setFrom(FROM)
              .setTo(FROM)
              .setOutcome(SearchTrailRequest.Outcome.DENIED)
              .setPageSize(-7)
              .setPageToken("x")
              .build();
      assertThat(gateway.audit().searchTrail(search).getNextPageToken()).isEqualTo("next");
      assertThat(gateway.auditor.requests).containsExactly(search);
      var verified = gateway.audit().verifyTrail(VerifyTrailRequest.getDefaultInstance());
      assertThat(verified.getNodes(0).getNode()).isEqualTo("n1");
      calls(gateway).forEach(call -> assertThat(call.apply("t").toString()).contains("\"t\""));
    }
  }

  @Test
  void listsTheServiceByReflection() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      StreamProbe<ServerReflectionRequest, ServerReflectionResponse> probe = new StreamProbe<>();
      ServerReflectionGrpc.newStub(gateway.channel).serverReflectionInfo(probe);
      probe.send(ServerReflectionRequest.newBuilder().setListServices("").build());
      assertThat(probe.next().getListServicesResponse().getServiceList())
          .extracting(service -> service.getName())
          .contains("caisson.audit.v1.Audit", "caisson.v1.Containers");
      probe.call().cancel("known", null);
    }
  }

  private GatewayFixture withViewerOf(String tenants) throws Exception {
    Path file = directory.resolve("access.yaml");
    Files.writeString(
        file,
        "bindings: [{role: viewer, tenants: [%s], members: [\"unix:*\"]}]".formatted(tenants));
    return GatewayFixture.start(directory, Map.of("caisson.gateway.access-file", file.toString()));
  }

  @Test
  void aViewerSeesHisOwnTenantAlone() throws Exception {
    try (GatewayFixture gateway = withViewerOf("team-a")) {
      for (Function<String, Object> call : calls(gateway)) {
        assertThat(call.apply("team-a")).isNotNull();
        gateway.auditor.requests.clear();
        for (String other : List.of("team-b", "none", "team-A", "team-a.", "")) {
          StatusRuntimeException error = refused(() -> call.apply(other));
          assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
          assertThat(info(error).getReason()).isEqualTo("NOT_ALLOWED");
        }
        assertThat(refused(() -> call.apply("team-b")).getMessage().replace("team-b", "none"))
            .as("whether there is one or not")
            .isEqualTo(refused(() -> call.apply("none")).getMessage());
      }
      assertThat(gateway.auditor.requests).isEmpty();
    }
  }

  @Test
  void noRoleInATenantVerifiesANode() throws Exception {
    try (GatewayFixture gateway = withViewerOf("team-a")) {
      for (String node : List.of("", "n1", "none")) {
        StatusRuntimeException error =
            refused(() ->
                gateway.audit().verifyTrail(VerifyTrailRequest.newBuilder().setNode(node).build()));
        assertThat(info(error).getReason()).isEqualTo("NOT_ALLOWED");
        assertThat(error.getMessage())
            .contains("must have the permission trail.verify in all tenants (*)");
      }
      assertThat(gateway.auditor.requests).isEmpty();
    }
  }

  /** What the auditor might take for another text, or the access file for all. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        "-",
        "team-a\0",
        "team-a/",
        "tenants/team-a",
        " team-a",
        "team-a\n",
        "é",
        "%"
      })
  void takesNoTenantThatIsNoId(String tenant) throws Exception {
    for (String viewed : List.of("team-a", "\"*\"")) {
      try (GatewayFixture gateway = withViewerOf(viewed)) {
        for (Function<String, Object> call : calls(gateway)) {
          StatusRuntimeException error = refused(() -> call.apply(tenant));
          assertThat(info(error).getReason()).isEqualTo("INVALID_FIELD");
          assertThat(info(error).getMetadataMap()).containsEntry("field", "tenant");
        }
        assertThat(gateway.auditor.requests).isEmpty();
      }
    }
  }

  @Test
  void whoMayInAllTenantsMayNameNone() throws Exception {
    try (GatewayFixture gateway = withViewerOf("\"*\"")) {
      calls(gateway).forEach(call -> assertThat(call.apply("")).isNotNull());
      assertThat(gateway.audit().verifyTrail(VerifyTrailRequest.getDefaultInstance())).isNotNull();
    }
  }

  @Test
  void aRefusalIsRecorded() throws Exception {
    try (GatewayFixture gateway = withViewerOf("team-a")) {
      refused(() -> gateway.audit().searchTrail(SearchTrailRequest.getDefaultInstance()));
      var denial = gateway.journal.denials.poll(10, TimeUnit.SECONDS);
      assertThat(denial.getOperation()).isEqualTo("SearchTrail");
      assertThat(denial.getMessage()).contains("in all tenants (*), since tenant names none");
    }
  }

  @Test
  void keepsTheAuditorsOwnRefusals() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      gateway.auditor.failure =
          RpcErrors.of(
              Status.Code.NOT_FOUND,
              "audit.caisson.dev",
              "NO_USAGE",
              "No sample has come",
              Map.of("a", "b"));
      for (Function<String, Object> call : calls(gateway)) {
        StatusRuntimeException error = refused(() -> call.apply("t"));
        assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(error.getStatus().getDescription()).isEqualTo("No sample has come");
        assertThat(info(error).getDomain()).isEqualTo("audit.caisson.dev");
        assertThat(info(error).getReason()).isEqualTo("NO_USAGE");
        assertThat(info(error).getMetadataMap()).containsExactly(Map.entry("a", "b"));
      }
      gateway.auditor.failure = Status.DATA_LOSS.withDescription("inside").asRuntimeException();
      StatusRuntimeException error = refused(() -> calls(gateway).getFirst().apply("t"));
      assertThat(info(error).getReason()).isEqualTo("INTERNAL");
      assertThat(error.getMessage()).doesNotContain("inside");
    }
  }

  @Test
  void servesAllElseWhileTheAuditorIsAway() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      assertThat(health(gateway).getStatus()).isEqualTo(HealthStatus.UP);
      gateway.stopAuditor();
      for (Function<String, Object> call : calls(gateway)) {
        assertUnavailable(refused(() -> call.apply("t")), "The auditor does not answer");
      }
      assertThat(gateway.containers().createContainer(container("tenants/t", "c", "x")))
          .isNotNull();
      HealthResult down = health(gateway);
      assertThat(down.getStatus().getName()).isEqualTo("DEGRADED");
      assertThat(down.getDetails()).isEqualTo(Map.of("answer", "does not answer"));
      HttpResponse<String> all = wholeHealth(gateway);
      assertThat(all.statusCode()).isEqualTo(HttpURLConnection.HTTP_OK);
      assertThat(all.body())
          .as("the whole, and the auditor")
          .containsSubsequence("\"status\":\"DEGRADED\"", "\"status\":\"DEGRADED\"")
          .doesNotContain("DOWN");
      gateway.stopExecutor();
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> wholeHealth(gateway).statusCode() == HttpURLConnection.HTTP_UNAVAILABLE);
      gateway.startAuditor(PeerPolicy.anyone());
      Awaitility.await()
          .atMost(PATIENCE)
          .ignoreExceptions()
          .until(() -> calls(gateway).getFirst().apply("t") != null);
    }
  }

  @Test
  void aWatchEndsWithTheAuditor() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      var watch = watch(gateway, "web");
      assertThat(watch.next().getUsage().getSandboxId()).isEqualTo("web");
      gateway.stopAuditor();
      StatusRuntimeException end = (StatusRuntimeException) watch.failure();
      assertUnavailable(end, "The auditor does not answer");
    }
  }

  @Test
  void saysThatTheAuditorDoesNotLetItIn() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      gateway.stopAuditor();
      gateway.startAuditor(PeerPolicy.users(List.of("4294967294")));
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(() ->
              assertUnavailable(
                  refused(() -> calls(gateway).getFirst().apply("t")),
                  "caisson.auditor.allowed-users"));
    }
  }

  private static void assertUnavailable(StatusRuntimeException error, String says) {
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    assertThat(error.getMessage()).contains(says);
    assertThat(info(error).getReason()).isEqualTo("AUDITOR_UNAVAILABLE");
    assertThat(info(error).getDomain()).isEqualTo("caisson.dev");
  }

  @Test
  void passesTheCallersDeadlineOn() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      gateway.auditor.hang = true;
      StatusRuntimeException error =
          refused(() ->
              gateway
                  .audit()
                  .withDeadlineAfter(300, TimeUnit.MILLISECONDS)
                  .verifyTrail(VerifyTrailRequest.getDefaultInstance()));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(gateway.auditor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void tellsTheAuditorWhenTheCallerGivesUp() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      var watch = watch(gateway, "web");
      assertThat(watch.next()).isNotNull();
      watch.call().cancel("enough", null);
      assertThat(gateway.auditor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void stopsTheAuditorWhenTheCallerStopsReading() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      var watch = watch(gateway, "flood");
      watch.next();
      int stopped = settled(gateway);
      assertThat(stopped).isBetween(1, 2 * UNDER_WAY);
      for (int read = 1; read < stopped; read++) {
        watch.next();
      }
      Awaitility.await().until(() -> gateway.auditor.chunks.get() > stopped);
      assertThat(settled(gateway) - stopped).isBetween(1, 2 * UNDER_WAY);
    }
  }

  @Test
  void tenantsHaveTheirQuotas() throws Exception {
    Path file = directory.resolve("policies.yaml");
    Files.writeString(
        file, "quotas: [{tenants: [t], streams: 1}, {tenants: [\"*\"], requests: 1, burst: 1}]");
    try (GatewayFixture gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.policy-file", file.toString()))) {
      var first = watch(gateway, "web");
      assertThat(first.next()).isNotNull();
      assertThat(Status.fromThrowable(watch(gateway, "web").failure()).getDescription())
          .contains("tenants/t must have at most 1 streams at once");
      assertThat(refused(() -> calls(gateway).getFirst().apply("t")))
          .as("a search counts as one")
          .hasMessageContaining("tenants/t must have at most 1 streams at once");
      for (String tenant : List.of("u", "")) {
        StatusRuntimeException error =
            Stream.generate(() -> refused(() -> calls(gateway).getFirst().apply(tenant)))
                .limit(1_000)
                .filter(refusal -> refusal != null)
                .findFirst()
                .orElseThrow();
        assertThat(info(error).getReason()).isEqualTo("QUOTA_EXCEEDED");
      }
    }
  }

  /** Whatever the policies say: each search may keep some MiB until it has been read. */
  @Test
  void aTenantHasFewSearchesAtOnce() throws Exception {
    try (GatewayFixture gateway = GatewayFixture.start(directory)) {
      gateway.auditor.hang = true;
      SearchTrailRequest request = SearchTrailRequest.newBuilder().setTenant("t").build();
      List<ListenableFuture<SearchTrailResponse>> searches =
          Stream.generate(() -> AuditGrpc.newFutureStub(gateway.channel).searchTrail(request))
              .limit(4)
              .toList();
      Awaitility.await().until(() -> gateway.auditor.requests.size() == searches.size());
      assertThat(info(refused(() -> gateway.audit().searchTrail(request))).getReason())
          .isEqualTo("QUOTA_EXCEEDED");
      searches.getFirst().cancel(true);
      gateway.auditor.hang = false;
      assertThat(gateway.audit().searchTrail(request.toBuilder().setTenant("u").build()))
          .isNotNull();
      Awaitility.await().until(() -> refused(() -> gateway.audit().searchTrail(request)) == null);
    }
  }

  /** Until it is written, it is in the gateway's memory. */
  @Test
  void aSearchOverHttpIsOverOnceItHasBeenRead() throws Exception {
    Path socket = directory.resolve("h");
    try (GatewayFixture gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.http.socket", socket.toString()))) {
      gateway.auditor.size = 7 << 19;
      List<HttpProbe> probes = new ArrayList<>();
      try {
        for (int i = 0; i < 4; i++) {
          HttpProbe probe = new HttpProbe(socket);
          probes.add(probe);
          probe.send("GET /v1/tenants/t/trail:search HTTP/1.1\r\nhost: x\r\n\r\n");
          assertThat(probe.until("\r\n\r\n")).startsWith("HTTP/1.1 200");
        }
        assertThat(HttpProbe.ask(socket, "GET", "/v1/tenants/t/trail:search"))
            .startsWith("HTTP/1.1 429")
            .contains("QUOTA_EXCEEDED");
      } finally {
        for (HttpProbe probe : probes) {
          probe.close();
        }
      }
      Awaitility.await()
          .until(() ->
              HttpProbe.ask(socket, "GET", "/v1/tenants/t/trail:search")
                  .startsWith("HTTP/1.1 200"));
    }
  }

  @Test
  void answersOverHttp() throws Exception {
    Path socket = directory.resolve("h");
    try (GatewayFixture gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.http.socket", socket.toString()))) {
      assertThat(HttpProbe.ask(socket, "GET", "/v1/tenants/t/trail:search?pageSize=5&tenant=other"))
          .startsWith("HTTP/1.1 200")
          .contains("\"tenant\":\"t\"");
      assertThat(HttpProbe.ask(socket, "GET", "/v1/tenants//trail:search"))
          .startsWith("HTTP/1.1 404");
      assertThat(HttpProbe.ask(socket, "GET", "/v1/tenants/-/trail:search"))
          .startsWith("HTTP/1.1 400");
      assertThat(HttpProbe.ask(socket, "GET", "/v1/trail:search?outcome=DENIED"))
          .startsWith("HTTP/1.1 200");
      assertThat(HttpProbe.ask(socket, "GET", "/v1/trail:verify?node=n1"))
          .contains("\"node\":\"n1\",\"ok\":true");
      assertThat(HttpProbe.ask(socket, "GET", "/v1/tenants/t/cpu?sandbox=web"))
          .contains("\"cgroupNanos\":\"5\"");
      assertThat(HttpProbe.ask(socket, "GET", "/v1/tenants/t/cpu:window?from=2026-01-01T00:00:00Z"))
          .contains("\"tenant\":\"t\"");
      try (HttpProbe probe = new HttpProbe(socket)) {
        probe.send("GET /v1/tenants/t/cpu:watch HTTP/1.1\r\nhost: x\r\n\r\n");
        assertThat(probe.until("\n\n")).contains("text/event-stream", "data: {\"usage\":{");
      }
      assertThat(gateway.auditor.cancelled.await(10, TimeUnit.SECONDS)).isTrue();
      gateway.stopAuditor();
      assertThat(HttpProbe.ask(socket, "GET", "/v1/tenants/t/cpu"))
          .startsWith("HTTP/1.1 503")
          .contains("AUDITOR_UNAVAILABLE");
    }
  }

  /** As large as the auditor makes them. */
  @Test
  void passesLargePagesOn() throws Exception {
    Path socket = directory.resolve("h");
    try (GatewayFixture gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.http.socket", socket.toString()))) {
      gateway.auditor.size = 7 << 19;
      SearchTrailRequest request = SearchTrailRequest.newBuilder().setTenant("t").build();
      assertThat(gateway.audit().searchTrail(request).getSerializedSize()).isGreaterThan(7 << 19);
      assertThat(
              HttpProbe.ask(socket, "GET", "/v1/tenants/t/trail:search")
                  .getBytes(StandardCharsets.UTF_8))
          .hasSizeGreaterThan(7 << 19);
    }
  }

  private static StreamProbe<WatchCpuUsageRequest, WatchCpuUsageResponse> watch(
      GatewayFixture gateway, String sandbox) {
    StreamProbe<WatchCpuUsageRequest, WatchCpuUsageResponse> watch = new StreamProbe<>();
    AuditGrpc.newStub(gateway.channel)
        .watchCpuUsage(
            WatchCpuUsageRequest.newBuilder().setTenant("t").setSandbox(sandbox).build(), watch);
    return watch;
  }

  private static HealthResult health(GatewayFixture gateway) {
    HealthIndicator indicator =
        gateway.context.getBean(HealthIndicator.class, Qualifiers.byName("auditor"));
    return Mono.from(indicator.getResult()).block(Duration.ofSeconds(5));
  }

  private static HttpResponse<String> wholeHealth(GatewayFixture gateway) throws Exception {
    URI uri = gateway.context.getBean(EmbeddedServer.class).getURI().resolve("/health");
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
  }

  /** Chunks, once they have not changed for half a second. */
  private static int settled(GatewayFixture gateway) {
    int[] last = {-1};
    Awaitility.await()
        .pollInterval(500, TimeUnit.MILLISECONDS)
        .until(() -> {
          boolean same = last[0] == gateway.auditor.chunks.get();
          last[0] = gateway.auditor.chunks.get();
          return same;
        });
    return last[0];
  }
}
