package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.ociContainer;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.google.protobuf.UnknownFieldSet;
import com.google.rpc.RetryInfo;
import dev.caisson.proto.executor.v1.PlanRequest;
import dev.caisson.proto.executor.v1.TenantQuota;
import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.CreateSandboxRequest;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.ListSandboxesRequest;
import dev.caisson.proto.v1.PlanContainerRequest;
import dev.caisson.proto.v1.PlanContainerResponse;
import dev.caisson.proto.v1.PolicyFinding;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.proto.v1.Sandbox;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a policy file does in a gateway that runs. */
@Timeout(60)
class PoliciesTest {
  private static final Duration LOOKED_AGAIN = Duration.ofSeconds(10);

  private static final String POLICIES =
      """
      policies:
        - name: no-binds
          calls: [containers.create, containers.run]
          tenants: [t]
          require: request.container.spec.mounts.all(m, m.type != 'bind')
          message: nothing of the host can be mounted
        - name: own-users
          calls: [containers.create, containers.run]
          require: request.container.spec.user_namespace.mode == UserNamespace.Mode.AUTO
          message: a user namespace must be its own
        - name: host-name
          calls: [containers.create, containers.run]
          set: {container.spec.hostname: "'of-' + tenant"}
          message: a name by the tenant
        - name: no-shells
          calls: [containers.exec]
          require: request.process.args[0] != 'sh'
          message: shells are not allowed
        - name: sandboxes
          calls: [sandboxes.create]
          require: request.sandbox.user_namespace.mode == UserNamespace.Mode.AUTO
          message: a user namespace must be its own
        - name: logs
          calls: [containers.create, containers.run]
          action: warn
          require: has(request.logs)
          message: "without logs nobody will know: ñ"
      """;

  @TempDir Path directory;
  private GatewayFixture gateway;

  @BeforeEach
  void start() throws Exception {
    Files.writeString(file(), POLICIES);
    gateway =
        GatewayFixture.start(directory, Map.of("caisson.gateway.policy-file", file().toString()));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @ParameterizedTest
  @CsvSource({"bind,", "none,bind", "'',rbind"})
  void refusesABindHoweverItIsWritten(String type, String option) throws Exception {
    StatusRuntimeException error =
        refused(() -> gateway.containers().createContainer(mounting("tenants/t", type, option)));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
    assertThat(error.getStatus().getDescription())
        .isEqualTo(
            "The policy no-binds of tenants/t does not allow this: nothing of the host can be mounted");
    assertThat(info(error).getReason()).isEqualTo("POLICY_DENIED");
    assertThat(info(error).getMetadataMap())
        .containsEntry("policies", "no-binds")
        .containsEntry("tenant", "t");
    assertThat(gateway.executor.requests).isEmpty();
    RecordDenialRequest denial = gateway.journal.denials.poll(5, TimeUnit.SECONDS);
    assertThat(denial.getOperation()).isEqualTo("CreateContainer");
    assertThat(denial.getReason()).isEqualTo("POLICY_DENIED");
  }

  @Test
  void refusesWhatAConfigJsonAsksForTheSameWay() {
    String json =
        """
        {"ociVersion":"1.0.2","process":{"args":["sh"],"cwd":"/"},"root":{"path":"rootfs"},
         "linux":{"namespaces":[{"type":"mount"},{"type":"user","path":"/proc/1/ns/user"}]},
         "mounts":[{"destination":"/x","type":"none","source":"/","options":["rbind"]}]}\
        """;
    StatusRuntimeException error =
        refused(() -> gateway.containers().createContainer(ociContainer("tenants/t", "c", json)));
    assertThat(info(error).getMetadataMap()).containsEntry("policies", "no-binds,own-users");
    assertThat(gateway.executor.requests).isEmpty();
  }

  @Test
  void leavesOtherTenantsAlone() {
    assertThat(gateway.containers().createContainer(mounting("tenants/u", "bind", "")).getName())
        .isEqualTo("tenants/u/sandboxes/c/containers/c");
  }

  @Test
  void sendsOnWhatItHasSet() {
    var _ = gateway.containers().createContainer(container("tenants/t", "c", "sh"));
    assertThat(hostnameSentOn()).isEqualTo("of-t");
    CreateContainerRequest.Builder named = container("tenants/t", "d", "sh").toBuilder();
    named.getContainerBuilder().getSpecBuilder().setHostname("mine");
    var _ = gateway.containers().createContainer(named.build());
    assertThat(hostnameSentOn()).isEqualTo("mine");
  }

  private String hostnameSentOn() {
    return gateway
        .executor
        .last(dev.caisson.proto.executor.v1.CreateContainerRequest.class)
        .getSpec()
        .getHostname();
  }

  @Test
  void warnsBesideTheAnswer() {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    ContainersGrpc.ContainersBlockingStub stub =
        gateway
            .containers()
            .withInterceptors(
                MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
    var _ = stub.createContainer(container("tenants/t", "c", "sh"));
    byte[] warning =
        headers.get().get(Metadata.Key.of("caisson-warning-bin", Metadata.BINARY_BYTE_MARSHALLER));
    assertThat(new String(warning, StandardCharsets.UTF_8))
        .isEqualTo("logs: without logs nobody will know: ñ");
    MeterRegistry registry = gateway.context.getBean(MeterRegistry.class);
    assertThat(
            registry
                .get("caisson.gateway.policy.findings")
                .tags("policy", "logs", "action", "warn")
                .counter()
                .count())
        .isEqualTo(1);
  }

  @Test
  void refusesStreamsByWhatBeginsThem() throws Exception {
    StreamProbe<RunContainerRequest, RunContainerResponse> run = new StreamProbe<>();
    var _ = ContainersGrpc.newStub(gateway.channel).runContainer(run);
    run.send(RunContainerRequest.newBuilder().setCreate(mounting("tenants/t", "bind", "")).build());
    assertThat(failure(run)).contains("The policy no-binds of ");

    gateway.executor.add("t", "c", "c");
    assertThat(failure(exec("sh")))
        .contains("The policy no-shells of tenants/t does not allow this: shells are not allowed");
    assertThat(gateway.executor.requests).isEmpty();
  }

  @Test
  void seesTheUserNamespaceThatGoesWithoutSaying() {
    CreateSandboxRequest.Builder request =
        CreateSandboxRequest.newBuilder().setParent("tenants/t").setSandboxId("s");
    assertThat(gateway.sandboxes().createSandbox(request.build()).getName()).endsWith("/s");
    request.setSandbox(
        Sandbox.newBuilder()
            .setUserNamespace(UserNamespace.newBuilder().setMode(UserNamespace.Mode.HOST)));
    assertThat(refused(() -> gateway.sandboxes().createSandbox(request.build())))
        .hasMessageContaining("The policy sandboxes of tenants/t");
  }

  @Test
  void aPlanTellsWhatTheyWouldSay() {
    PlanContainerResponse plan =
        gateway
            .containers()
            .planContainer(
                PlanContainerRequest.newBuilder()
                    .setCreate(mounting("tenants/t", "none", "bind"))
                    .build());
    assertThat(plan.getFindingsList())
        .extracting(PolicyFinding::getPolicy, PolicyFinding::getAction)
        .containsExactly(
            tuple("host-name", PolicyFinding.Action.SET),
            tuple("no-binds", PolicyFinding.Action.DENY),
            tuple("logs", PolicyFinding.Action.WARN));
    assertThat(gateway.executor.last(PlanRequest.class).getCreate().getSpec().getHostname())
        .isEqualTo("of-t");
  }

  @Test
  void boundsWhatATenantHasUnderWay() throws Exception {
    MeterRegistry registry = gateway.context.getBean(MeterRegistry.class);
    Files.writeString(file(), "quotas: [{tenants: [t], streams: 1}, {tenants: [u], requests: 1}]");
    var list = ListSandboxesRequest.newBuilder().setParent("tenants/u").build();
    Awaitility.await()
        .atMost(LOOKED_AGAIN)
        .until(() -> refused(() -> gateway.sandboxes().listSandboxes(list)) != null);
    StatusRuntimeException error = refused(() -> gateway.sandboxes().listSandboxes(list));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(info(error).getReason()).isEqualTo("QUOTA_EXCEEDED");
    assertThat(StatusProto.fromThrowable(error).getDetailsList())
        .anySatisfy(detail -> assertThat(detail.is(RetryInfo.class)).isTrue());
    assertThat(gateway.journal.denials.poll(5, TimeUnit.SECONDS).getReason())
        .isEqualTo("QUOTA_EXCEEDED");

    gateway.executor.add("t", "c", "c");
    StreamProbe<ExecContainerRequest, ExecContainerResponse> first = exec("cat");
    assertThat(first.next().hasStarted()).isTrue();
    assertThat(failure(exec("cat"))).contains("tenants/t must have at most 1 streams at once");
    first.call().cancel("enough", null);
    Awaitility.await()
        .atMost(LOOKED_AGAIN)
        .until(() -> {
          StreamProbe<ExecContainerRequest, ExecContainerResponse> next = exec("true");
          return Status.fromThrowable(next.failure()).getCode() != Status.Code.RESOURCE_EXHAUSTED;
        });
    assertThat(registry.get("caisson.gateway.quota.refusals").counter().count()).isPositive();
  }

  @Test
  void tellsTheExecutorHowMuchMayLive() throws Exception {
    MeterRegistry registry = gateway.context.getBean(MeterRegistry.class);
    Files.writeString(
        file(), "quotas: [{tenants: [t], sandboxes: 3, containers: 5, memory: 1G, cpu: 2.5}]");
    TenantQuota bounds =
        TenantQuota.newBuilder()
            .setSandboxes(3)
            .setContainers(5)
            .setMemoryBytes(1L << 30)
            .setCpuMillis(2_500)
            .build();
    Awaitility.await()
        .atMost(LOOKED_AGAIN)
        .until(() -> {
          var _ = gateway.containers().createContainer(container("tenants/t", "many", "true"));
          return gateway
              .executor
              .last(dev.caisson.proto.executor.v1.CreateContainerRequest.class)
              .getQuota()
              .equals(bounds);
        });
    var _ = gateway.sandboxes().createSandbox(sandbox("tenants/t"));
    assertThat(
            gateway
                .executor
                .last(dev.caisson.proto.executor.v1.CreateSandboxRequest.class)
                .getQuota())
        .isEqualTo(bounds);
    var _ = gateway.sandboxes().createSandbox(sandbox("tenants/u"));
    assertThat(
            gateway
                .executor
                .last(dev.caisson.proto.executor.v1.CreateSandboxRequest.class)
                .getQuota())
        .isEqualTo(TenantQuota.getDefaultInstance());

    gateway.executor.fail(
        Status.Code.RESOURCE_EXHAUSTED,
        "QUOTA_EXCEEDED",
        "tenants/t may have 3 sandboxes",
        Map.of("tenant", "t", "quota", "sandboxes", "limit", "3"));
    isExceeded(refused(() -> gateway.sandboxes().createSandbox(sandbox("tenants/t"))));
    isExceeded(
        refused(() ->
            gateway
                .containers()
                .createContainer(
                    ociContainer("tenants/t", "more", ContainersTest.SOUND.formatted("")))));
    RecordDenialRequest denial = gateway.journal.denials.poll(5, TimeUnit.SECONDS);
    assertThat(denial.getReason()).isEqualTo("QUOTA_EXCEEDED");
    assertThat(denial.getOperation()).isEqualTo("CreateSandbox");
    assertThat(registry.get("caisson.gateway.quota.refusals").counter().count()).isEqualTo(2);
  }

  private static void isExceeded(StatusRuntimeException error) {
    assertThat(info(error).getReason()).isEqualTo("QUOTA_EXCEEDED");
    assertThat(info(error).getDomain()).isEqualTo("caisson.dev");
    assertThat(info(error).getMetadataMap()).containsEntry("limit", "3");
    assertThat(StatusProto.fromThrowable(error).getDetailsList())
        .anySatisfy(detail -> assertThat(detail.is(RetryInfo.class)).isTrue());
  }

  private static CreateSandboxRequest sandbox(String parent) {
    return CreateSandboxRequest.newBuilder().setParent(parent).setSandboxId("s").build();
  }

  @Test
  void whatAPolicyRefusesTakesNothingOfTheQuota() throws Exception {
    Files.writeString(file(), POLICIES + "quotas: [{tenants: [t], streams: 1}]\n");
    List<StreamProbe<?, ?>> running = new ArrayList<>(); // those before the change are not counted
    Awaitility.await()
        .atMost(LOOKED_AGAIN)
        .until(() -> {
          running.add(exec("cat"));
          return failure(exec("sh")).contains("must have at most 1 streams at once");
        });
    running.forEach(one -> one.call().cancel("enough", null));
    for (int i = 0; i < 3; i++) {
      Awaitility.await()
          .atMost(LOOKED_AGAIN)
          .until(() -> failure(exec("sh")).contains("The policy no-shells of tenants/t"));
    }
  }

  private static String failure(StreamProbe<?, ?> stream) throws Exception {
    return String.valueOf(Status.fromThrowable(stream.failure()).getDescription());
  }

  private StreamProbe<ExecContainerRequest, ExecContainerResponse> exec(String program) {
    StreamProbe<ExecContainerRequest, ExecContainerResponse> exec = new StreamProbe<>();
    var _ = ContainersGrpc.newStub(gateway.channel).execContainer(exec);
    exec.send(
        ExecContainerRequest.newBuilder()
            .setExec(
                Exec.newBuilder()
                    .setName("tenants/t/sandboxes/c/containers/c")
                    .setProcess(Process.newBuilder().addArgs(program)))
            .build());
    return exec;
  }

  @Test
  void refusesWhatNoPolicyCouldSee() {
    CreateContainerRequest.Builder request = container("tenants/t", "c", "sh").toBuilder();
    request
        .getContainerBuilder()
        .getSpecBuilder()
        .addMountsBuilder()
        .setDestination("/x")
        .setType("tmpfs")
        .setUnknownFields(
            UnknownFieldSet.newBuilder()
                .addField(4711, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
                .build());
    StatusRuntimeException error =
        refused(() -> gateway.containers().createContainer(request.build()));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(error)
        .hasMessageContaining("Mount must have only fields that this gateway knows")
        .hasMessageContaining("it has field number 4711");
    assertThat(gateway.executor.requests).isEmpty();
  }

  @Test
  void refusesAValueThatNoPolicyCouldKnow() {
    CreateSandboxRequest.Builder request =
        CreateSandboxRequest.newBuilder().setParent("tenants/t").setSandboxId("s");
    request.getSandboxBuilder().getUserNamespaceBuilder().setModeValue(4711);
    assertThat(refused(() -> gateway.sandboxes().createSandbox(request.build())))
        .hasMessageContaining("mode must be a value that this gateway knows");
  }

  @Test
  void takesUpAChangeWholeOrNotAtAll() throws Exception {
    MeterRegistry registry = gateway.context.getBean(MeterRegistry.class);
    Files.writeString(
        file(), "policies: [{name: broken, calls: [containers.create], require: x, message: m}]");
    Awaitility.await()
        .atMost(LOOKED_AGAIN)
        .until(() -> registry.get("caisson.gateway.policy.file.refused").gauge().value() == 1);
    assertThat(
            refused(() -> gateway.containers().createContainer(mounting("tenants/t", "bind", ""))))
        .hasMessageContaining("no-binds");
    Files.writeString(file(), "policies: []");
    Awaitility.await()
        .atMost(LOOKED_AGAIN)
        .until(() -> registry.get("caisson.gateway.policy.file.refused").gauge().value() == 0);
    assertThat(gateway.containers().createContainer(mounting("tenants/t", "bind", "")).getName())
        .endsWith("/c");
  }

  @Test
  void doesNotStartWithoutAFileThatCanBeUsed() {
    gateway.close();
    assertThatThrownBy(() ->
            GatewayFixture.start(
                directory,
                Map.of("caisson.gateway.policy-file", directory.resolve("none").toString())))
        .hasStackTraceContaining("The policy file must be readable: ");
  }

  private Path file() {
    return directory.resolve("policies.yaml");
  }

  private static CreateContainerRequest mounting(String parent, String type, String option) {
    CreateContainerRequest.Builder request = container(parent, "c", "sh").toBuilder();
    Mount.Builder mount =
        request
            .getContainerBuilder()
            .getSpecBuilder()
            .addMountsBuilder()
            .setDestination("/x")
            .setSource("/")
            .setType(type);
    if (option != null && !option.isEmpty()) {
      mount.addOptions(option);
    }
    return request.build();
  }
}
