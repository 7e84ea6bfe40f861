package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.gateway.Collector.Collected;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.ListSandboxesRequest;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.stub.MetadataUtils;
import io.opentelemetry.proto.trace.v1.Span;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Calls through a gateway that makes spans, as a collector gets them. */
@Timeout(60)
class TracingTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String CALLER = "b7ad6b7169203331";
  private static final Metadata.Key<String> PARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
  private static final Duration BATCHED = Duration.ofSeconds(30);
  private static final String CREATE = "caisson.v1.Containers/CreateContainer";

  @TempDir private Path directory;
  private Collector collector;
  private GatewayFixture gateway;

  @BeforeEach
  void start() throws Exception {
    collector = new Collector();
    gateway =
        GatewayFixture.start(
            directory, Map.of("caisson.gateway.traces.endpoint", collector.endpoint()));
  }

  @AfterEach
  void end() {
    gateway.close();
    collector.close();
  }

  private ContainersGrpc.ContainersBlockingStub traced(String flags) {
    Metadata headers = new Metadata();
    headers.put(PARENT, "00-" + TRACE + "-" + CALLER + "-" + flags);
    return gateway
        .containers()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private Collected one(String name) {
    Awaitility.await().atMost(BATCHED).until(() -> !collector.named(name).isEmpty());
    return collector.named(name).getFirst();
  }

  @Test
  void theCallersTraceGoesThroughGatewayAndExecutorIntoTheRecord() {
    var _ = traced("01").createContainer(container("tenants/t", "c", "true"));

    Collected served = one(CREATE);
    assertThat(served.service()).isEqualTo("caisson-gateway");
    assertThat(served.trace()).isEqualTo(TRACE);
    assertThat(served.parent()).isEqualTo(CALLER);
    assertThat(served.span().getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_SERVER);
    assertThat(served.attributes())
        .containsEntry("rpc.system", "grpc")
        .containsEntry("rpc.service", "caisson.v1.Containers")
        .containsEntry("rpc.method", "CreateContainer")
        .containsEntry("rpc.grpc.status_code", "0")
        .containsKey("caisson.request.id");
    Collected asked = one("caisson.executor.v1.Executor/CreateContainer");
    assertThat(asked.trace()).isEqualTo(TRACE);
    assertThat(asked.parent()).isEqualTo(served.id());
    assertThat(asked.span().getKind()).isEqualTo(Span.SpanKind.SPAN_KIND_CLIENT);
    assertThat(asked.span().getEndTimeUnixNano())
        .isBetween(asked.span().getStartTimeUnixNano() + 1, served.span().getEndTimeUnixNano());

    Actor actor = gateway.executor.last(CreateContainerRequest.class).getActor();
    assertThat(actor.getTraceparent()).isEqualTo("00-" + TRACE + "-" + served.id() + "-01");
  }

  @Test
  void aCallWithoutATraceBeginsOne() {
    var _ = gateway.containers().createContainer(container("tenants/t", "c", "true"));
    Collected served = one(CREATE);
    assertThat(served.parent()).isEmpty();
    assertThat(gateway.executor.last(CreateContainerRequest.class).getActor().getTraceparent())
        .startsWith("00-" + served.trace() + "-" + served.id() + "-0");
  }

  @Test
  void whatTheCallerDoesNotRecordIsNotRecordedHere() {
    var _ = traced("00").createContainer(container("tenants/t", "c", "true"));
    Actor actor = gateway.executor.last(CreateContainerRequest.class).getActor();
    assertThat(actor.getTraceparent()).startsWith("00-" + TRACE + "-").endsWith("-00");
    var _ =
        HealthGrpc.newBlockingStub(gateway.channel).check(HealthCheckRequest.getDefaultInstance());
    var _ = gateway.sandboxes().listSandboxes(list());
    var _ = one("caisson.v1.Sandboxes/ListSandboxes");
    assertThat(collector.spans)
        .extracting(one -> one.span().getName())
        .containsExactlyInAnyOrder(
            "caisson.v1.Sandboxes/ListSandboxes", "caisson.executor.v1.Executor/ListSandboxes");
  }

  private static ListSandboxesRequest list() {
    return ListSandboxesRequest.newBuilder().setParent("tenants/t").build();
  }

  @ParameterizedTest
  @CsvSource({
    "NOT_FOUND, SANDBOX_NOT_FOUND, STATUS_CODE_UNSET",
    "INTERNAL, INTERNAL, STATUS_CODE_ERROR"
  })
  void whatFailsSaysWhy(Status.Code code, String reason, String status) {
    gateway.executor.fail(code, reason, "It is not so.");
    assertThat(refused(() -> gateway.sandboxes().listSandboxes(list()))).isNotNull();
    Collected served = one("caisson.v1.Sandboxes/ListSandboxes");
    assertThat(served.attributes())
        .containsEntry("error.type", reason)
        .containsEntry("rpc.grpc.status_code", String.valueOf(code.value()));
    assertThat(served.span().getStatus().getCode().name()).isEqualTo(status);
    Collected asked = one("caisson.executor.v1.Executor/ListSandboxes");
    assertThat(asked.span().getStatus().getCode().name()).isEqualTo("STATUS_CODE_ERROR");
  }

  @Test
  void aCallThatItsCallerLeavesEnds() throws Exception {
    gateway.executor.add("t", "c", "c");
    StreamProbe<ExecContainerRequest, ExecContainerResponse> exec = new StreamProbe<>();
    var _ = ContainersGrpc.newStub(gateway.channel).execContainer(exec);
    exec.send(StreamsTest.exec("tenants/t/sandboxes/c/containers/c", "cat", false));
    assertThat(exec.next().hasStarted()).isTrue();
    exec.call().cancel("enough", null);
    Collected served = one("caisson.v1.Containers/ExecContainer");
    assertThat(served.attributes())
        .containsEntry("error.type", "CANCELLED")
        .containsEntry("rpc.grpc.status_code", "1");
  }

  @Test
  void aCollectorThatIsAwayCostsSpansAlone() {
    collector.close();
    for (int i = 0; i < 200; i++) {
      var _ = gateway.sandboxes().listSandboxes(list());
    }
    gateway.close();
  }

  @ParameterizedTest
  @CsvSource({
    "endpoint, 'ftp://x'",
    "endpoint, collector",
    "endpoint, 'http://a b'",
    "ratio, 1.5",
    "ratio, -0.1",
    "ratio, NaN"
  })
  void refusesSettingsThatAreNone(String name, String value) {
    gateway.close();
    Map<String, Object> settings =
        name.equals("ratio")
            ? Map.of(
                "caisson.gateway.traces.endpoint",
                "http://x",
                "caisson.gateway.traces.ratio",
                value)
            : Map.of("caisson.gateway.traces.endpoint", value);
    assertThatThrownBy(() -> GatewayFixture.start(directory, settings))
        .rootCause()
        .hasMessageContaining("caisson.gateway.traces." + name + " must be");
  }
}
