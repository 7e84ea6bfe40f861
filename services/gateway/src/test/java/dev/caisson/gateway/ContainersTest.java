package dev.caisson.gateway;

import static dev.caisson.gateway.GatewayFixture.container;
import static dev.caisson.gateway.GatewayFixture.info;
import static dev.caisson.gateway.GatewayFixture.ociContainer;
import static dev.caisson.gateway.GatewayFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.FieldMask;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.DonatedDescriptors;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.ListProcessesRequest;
import dev.caisson.proto.v1.PauseContainerRequest;
import dev.caisson.proto.v1.PlanContainerRequest;
import dev.caisson.proto.v1.ResumeContainerRequest;
import dev.caisson.proto.v1.SignalContainerRequest;
import dev.caisson.proto.v1.StartContainerRequest;
import dev.caisson.proto.v1.UpdateContainerRequest;
import dev.caisson.proto.v1.WaitContainerRequest;
import dev.caisson.rpc.ServedRequest;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ContainersTest {
  static final String SOUND =
      """
      {"ociVersion":"1.0.2","process":{"args":["sh"],"cwd":"/"},"root":{"path":"rootfs"}%s}\
      """;

  @TempDir static Path directory;
  private static GatewayFixture gateway;

  @BeforeAll
  static void start() throws Exception {
    gateway = GatewayFixture.start(directory);
  }

  @AfterAll
  static void stop() throws Exception {
    gateway.close();
  }

  @BeforeEach
  void forget() {
    gateway.executor.containers.clear();
    gateway.executor.actors.clear();
    gateway.executor.failure = null;
  }

  @Test
  void createsAContainerInASandboxOfItsOwn() {
    Container made = gateway.containers().createContainer(container("tenants/t", "web", "sh"));
    assertThat(made.getName()).isEqualTo("tenants/t/sandboxes/web/containers/web");
    assertThat(made.getUid()).isEqualTo("uid-web");
    assertThat(made.getState()).isEqualTo(ContainerState.CREATED);
    assertThat(made.getSpec().getUserNamespace().getMode()).isEqualTo(UserNamespace.Mode.AUTO);
    assertThat(lastCreate().getStdio()).isEqualTo(StdioMode.DISCARD);
    assertThat(lastCreate().getSandboxId()).isEmpty();
  }

  @Test
  void passesOnWhatItsCallerHasDonated() {
    DonatedDescriptors donated =
        DonatedDescriptors.newBuilder().setConsole("c").putPassed(7, "p").setProgram("q").build();
    CreateContainerRequest request =
        container("tenants/t", "web", "sh").toBuilder().setDonated(donated).build();
    assertThat(gateway.containers().createContainer(request).getState())
        .isEqualTo(ContainerState.CREATED);
    assertThat(lastCreate().getDonated()).isEqualTo(donated);
    assertThat(lastCreate().getStdio()).isEqualTo(StdioMode.DISCARD);
    assertThatThrownBy(
            () -> gateway.containers().createContainer(request.toBuilder().setAttach(true).build()))
        .hasMessageContaining("attach must be false where streams or a console are donated");
  }

  @Test
  void createsAContainerInTheUserNamespaceThatItLists() {
    CreateContainerRequest.Builder request = container("tenants/t", "web", "sh").toBuilder();
    request
        .getContainerBuilder()
        .getSpecBuilder()
        .addNamespacesBuilder()
        .setType(dev.caisson.proto.types.v1.Namespace.Type.USER)
        .setPath("/proc/7/ns/user");
    Container made = gateway.containers().createContainer(request.build());
    assertThat(made.getSpec().getUserNamespace().getMode()).isEqualTo(UserNamespace.Mode.JOINED);
  }

  @Test
  void createsAContainerInAnExistingSandbox() {
    CreateContainerRequest request =
        container("tenants/t/sandboxes/pod", "app", "sh").toBuilder().setAttach(true).build();
    Container made = gateway.containers().createContainer(request);
    assertThat(made.getName()).isEqualTo("tenants/t/sandboxes/pod/containers/app");
    assertThat(lastCreate().getStdio()).isEqualTo(StdioMode.PIPE);
  }

  @Test
  void tellsItsCallerAndTheExecutorWhatOfADocumentHasNoEffect() {
    CreateContainerRequest request =
        ociContainer("tenants/t", "web", SOUND.formatted(",\"hooks\":{\"foo\":[1]}"));
    IgnoredField foo =
        IgnoredField.newBuilder()
            .setField("hooks.foo")
            .setWhy("is not known and was ignored")
            .setValue("[1]")
            .build();
    Container made = gateway.containers().createContainer(request);
    assertThat(lastCreate().getIgnoredList()).containsExactly(foo);
    assertThat(made.getIgnoredList()).containsExactly(foo);
    PlanContainerRequest plan = PlanContainerRequest.newBuilder().setCreate(request).build();
    assertThat(gateway.containers().planContainer(plan).getIgnoredList()).containsExactly(foo);
  }

  @Test
  void tellsTheExecutorWhoseTheFilterIs() {
    var _ =
        gateway.containers().createContainer(ociContainer("tenants/t", "a", SOUND.formatted("")));
    assertThat(lastCreate().getSpec().hasSeccomp()).isTrue();
    assertThat(lastCreate().getOwnFilter()).isFalse();
    String own = ",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}";
    var _ =
        gateway.containers().createContainer(ociContainer("tenants/t", "b", SOUND.formatted(own)));
    assertThat(lastCreate().getOwnFilter()).isTrue();
  }

  @Test
  void refusesADocumentInItsOwnWords() {
    gateway.executor.fail(
        Status.Code.INVALID_ARGUMENT,
        "INVALID_SPEC",
        "masked_paths must be absolute: x",
        Map.of("field", "masked_paths"));
    CreateContainerRequest request = ociContainer("tenants/t", "web", SOUND.formatted(""));
    PlanContainerRequest plan = PlanContainerRequest.newBuilder().setCreate(request).build();
    for (StatusRuntimeException refusal :
        List.of(
            refused(() -> gateway.containers().createContainer(request)),
            refused(() -> gateway.containers().planContainer(plan)))) {
      assertThat(info(refusal).getMetadataMap()).containsEntry("field", "linux.maskedPaths");
      assertThat(refusal.getStatus().getDescription())
          .isEqualTo("linux.maskedPaths must be absolute: x");
    }
    CreateContainerRequest typed = container("tenants/t", "web", "sh");
    StatusRuntimeException refusal = refused(() -> gateway.containers().createContainer(typed));
    assertThat(info(refusal).getMetadataMap()).containsEntry("field", "masked_paths");
  }

  @Test
  void tellsTheExecutorWhoAsksAndHowThatIsKnown() throws Exception {
    Metadata headers = new Metadata();
    String trace = "00-" + "a".repeat(32) + "-" + "b".repeat(16) + "-01";
    headers.put(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER), trace);
    headers.put(Metadata.Key.of("tracestate", Metadata.ASCII_STRING_MARSHALLER), "congo=t61");
    gateway
        .containers()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .createContainer(container("tenants/t", "web", "sh"));
    Actor actor = gateway.executor.actors.poll(5, TimeUnit.SECONDS);
    int me = (Integer) java.nio.file.Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    assertThat(actor.getPrincipal()).isEqualTo("uid:" + me);
    assertThat(actor.getMethod()).isEqualTo("peer-credentials");
    assertThat(actor.getRequestId()).isEqualTo("request-web");
    assertThat(actor.getTraceparent()).isEqualTo(trace);
    assertThat(actor.getTracestate()).isEqualTo("congo=t61");
    assertThat(actor.getPeer()).isEmpty();
  }

  @Test
  void tellsTheExecutorTheNameOfTheCall() throws Exception {
    Metadata headers = new Metadata();
    String trace = "00-" + "a".repeat(32) + "-" + "b".repeat(16) + "-01";
    headers.put(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER), trace);
    headers.put(Metadata.Key.of("x-request-id", Metadata.ASCII_STRING_MARSHALLER), "call-7");
    gateway.executor.names.clear();
    gateway
        .containers()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .createContainer(container("tenants/t", "web", "sh"));
    assertThat(gateway.executor.names.poll(5, TimeUnit.SECONDS))
        .isEqualTo(new ServedRequest("call-7", trace));
  }

  @Test
  void leavesOutATraceThatIsNone() throws Exception {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER), "evil");
    gateway
        .containers()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
        .createContainer(container("tenants/t", "web", "sh"));
    assertThat(gateway.executor.actors.poll(5, TimeUnit.SECONDS).getTraceparent()).isEmpty();
  }

  @Test
  void createsAContainerFromAnOciBundle() {
    gateway.containers().createContainer(ociContainer("tenants/t", "c", SOUND.formatted("")));
    assertThat(lastCreate().getSpec().getRoot().getPath()).isEqualTo("/bundle/rootfs");
  }

  @Test
  void joinsTheSandboxThatTheAnnotationsName() {
    String annotations =
        """
        ,"annotations":{"io.kubernetes.cri.container-type":"container",
        "io.kubernetes.cri.sandbox-id":"pod"}\
        """;
    String json = SOUND.formatted(annotations);
    gateway.containers().createContainer(ociContainer("tenants/t", "c", json));
    assertThat(lastCreate().getSandboxId()).isEqualTo("pod");
    gateway.containers().createContainer(ociContainer("tenants/t/sandboxes/pod", "c", json));
    StatusRuntimeException error =
        refused(() ->
            gateway
                .containers()
                .createContainer(ociContainer("tenants/t/sandboxes/other", "c", json)));
    assertThat(info(error).getMetadataOrThrow("field")).isEqualTo("parent");
  }

  @Test
  void saysWhatIsWrongWithAConfiguration() {
    StatusRuntimeException malformed = refusedCreation("{\n oops");
    assertThat(malformed.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(info(malformed).getReason()).isEqualTo("MALFORMED_JSON");
    assertThat(info(malformed).getMetadataOrThrow("line")).isEqualTo("2");
    assertThat(info(malformed).getDomain()).isEqualTo("caisson.dev");

    StatusRuntimeException invalid = refusedCreation("{\"ociVersion\":\"1.0.0\",\"process\":{}}");
    assertThat(info(invalid).getReason()).isEqualTo("INVALID_OCI_SPEC");
    assertThat(info(invalid).getMetadataOrThrow("field")).isEqualTo("process.args");

    StatusRuntimeException unsupported =
        refusedCreation(SOUND.formatted(",\"linux\":{\"intelRdt\":{\"closID\":\"x\"}}"));
    assertThat(unsupported.getStatus().getCode()).isEqualTo(Status.Code.UNIMPLEMENTED);
    assertThat(info(unsupported).getReason()).isEqualTo("UNSUPPORTED_FIELD");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/b", "-a", "a b", "a\u0000b", "é"})
  void refusesAnIdThatIsNone(String id) {
    StatusRuntimeException error =
        refused(() -> gateway.containers().createContainer(container("tenants/t", id, "sh")));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(info(error).getReason()).isEqualTo("INVALID_FIELD");
    assertThat(info(error).getMetadataOrThrow("field")).isEqualTo("container_id");
  }

  @Test
  void holdsTheBoundsOfIds() {
    gateway.containers().createContainer(container("tenants/t", "x".repeat(64), "sh"));
    assertThat(
            refused(() ->
                gateway.containers().createContainer(container("tenants/t", "x".repeat(65), "sh"))))
        .isNotNull();
    CreateContainerRequest request = container("tenants/t", "web", "sh");
    gateway.containers().createContainer(request.toBuilder().setRequestId("r".repeat(128)).build());
    StatusRuntimeException error =
        refused(() ->
            gateway
                .containers()
                .createContainer(request.toBuilder().setRequestId("r".repeat(129)).build()));
    assertThat(info(error).getMetadataOrThrow("field")).isEqualTo("request_id");
  }

  @Test
  void asksForASourceACommandAndARoot() {
    CreateContainerRequest request = container("tenants/t", "c", "sh");
    var builder = request.getContainer().toBuilder();
    assertThat(fieldOf(request.toBuilder().setContainer(Container.getDefaultInstance())))
        .isEqualTo("container.source");
    assertThat(
            fieldOf(
                request.toBuilder()
                    .setContainer(
                        builder.setSpec(builder.getSpec().toBuilder().clearProcess().build()))))
        .isEqualTo("container.spec.process.args");
    assertThat(
            fieldOf(
                request.toBuilder()
                    .setContainer(
                        request.getContainer().toBuilder()
                            .setSpec(
                                request.getContainer().getSpec().toBuilder().clearRoot().build()))))
        .isEqualTo("container.spec.root.path");
  }

  @Test
  void passesOnWhatTheExecutorSays() {
    gateway.executor.fail(Status.Code.ALREADY_EXISTS, "CONTAINER_EXISTS", "There is one already");
    StatusRuntimeException error =
        refused(() -> gateway.containers().createContainer(container("tenants/t", "c", "sh")));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(error.getStatus().getDescription()).isEqualTo("There is one already");
    assertThat(info(error).getDomain()).isEqualTo("caisson.dev");
    assertThat(info(error).getReason()).isEqualTo("CONTAINER_EXISTS");
    assertThat(info(error).getMetadataMap()).containsEntry("k", "v");
  }

  @Test
  void doesNotPassOnAnAnswerThatItDoesNotKnow() {
    gateway.executor.failure = Status.DATA_LOSS.withDescription("/host/path").asRuntimeException();
    StatusRuntimeException error =
        refused(() -> gateway.containers().createContainer(container("tenants/t", "c", "sh")));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(error.toString()).doesNotContain("/host/path");
  }

  @Test
  void findsAContainerByItsNameOrInAnySandbox() {
    gateway.executor.add("t", "pod", "app");
    assertThat(get("tenants/t/sandboxes/pod/containers/app").getUid()).isEqualTo("uid-app");
    assertThat(get("tenants/t/sandboxes/-/containers/app").getName())
        .isEqualTo("tenants/t/sandboxes/pod/containers/app");
  }

  @Test
  void doesNotFindAContainerUnderAnotherSandboxOrTenant() {
    gateway.executor.add("t", "pod", "app");
    for (String name :
        List.of(
            "tenants/t/sandboxes/other/containers/app", "tenants/u/sandboxes/pod/containers/app")) {
      StatusRuntimeException error = refused(() -> get(name));
      assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
      assertThat(info(error).getReason()).isEqualTo("CONTAINER_NOT_FOUND");
    }
  }

  @Test
  void touchesNothingUnderAWrongSandbox() {
    gateway.executor.add("t", "pod", "app");
    String wrong = "tenants/t/sandboxes/other/containers/app";
    var containers = gateway.containers();
    assertThat(
            List.of(
                code(() ->
                    containers.startContainer(
                        StartContainerRequest.newBuilder().setName(wrong).build())),
                code(() ->
                    containers.pauseContainer(
                        PauseContainerRequest.newBuilder().setName(wrong).build())),
                code(() ->
                    containers.resumeContainer(
                        ResumeContainerRequest.newBuilder().setName(wrong).build())),
                code(() ->
                    containers.updateContainer(
                        UpdateContainerRequest.newBuilder()
                            .setContainer(Container.newBuilder().setName(wrong))
                            .build())),
                code(() ->
                    containers.signalContainer(
                        SignalContainerRequest.newBuilder().setName(wrong).setSignal(9).build())),
                code(() ->
                    containers.waitContainer(
                        WaitContainerRequest.newBuilder().setName(wrong).build())),
                code(() ->
                    containers.listProcesses(
                        ListProcessesRequest.newBuilder().setName(wrong).build())),
                code(() ->
                    containers.deleteContainer(
                        DeleteContainerRequest.newBuilder().setName(wrong).build()))))
        .containsOnly(Status.Code.NOT_FOUND);
    assertThat(gateway.executor.containers.get("t/app").getState())
        .isEqualTo(ContainerState.CREATED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "app",
        "tenants/t/sandboxes/pod/containers/",
        "tenants/-/sandboxes/pod/containers/app",
        "tenants/t/sandboxes/pod/containers/-",
        "tenants/t/sandboxes/../containers/app",
        "/tenants/t/sandboxes/pod/containers/app",
        "tenants/t/sandboxes/pod/containers/app/x"
      })
  void refusesANameOfAnotherForm(String name) {
    StatusRuntimeException error = refused(() -> get(name));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(info(error).getReason()).isEqualTo("INVALID_NAME");
  }

  private static UpdateContainerRequest update(String name, String... mask) {
    Resources.Builder limits = Resources.newBuilder();
    limits.getMemoryBuilder().setLimit(64 << 20).setReservation(0);
    limits.getPidsBuilder().setLimit(5);
    return UpdateContainerRequest.newBuilder()
        .setContainer(
            Container.newBuilder()
                .setName(name)
                .setSpec(ContainerSpec.newBuilder().setHostname("h").setResources(limits)))
        .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(mask)))
        .setRequestId("r-7")
        .build();
  }

  @Test
  void updatesTheLimitsThatTheMaskNames() {
    gateway.executor.add("t", "pod", "app");
    String name = "tenants/t/sandboxes/-/containers/app";
    Resources all = update(name).getContainer().getSpec().getResources();
    assertThat(gateway.containers().updateContainer(update(name)).getSpec().getResources())
        .isEqualTo(all);
    assertThat(
            gateway
                .containers()
                .updateContainer(update(name, "spec.resources"))
                .getSpec()
                .getResources())
        .isEqualTo(all);
    Resources.Builder some = Resources.newBuilder();
    some.getMemoryBuilder().setReservation(0);
    some.getPidsBuilder().setLimit(5);
    gateway
        .containers()
        .updateContainer(update(name, "spec.resources.memory.reservation", "spec.resources.pids"));
    var asked = gateway.executor.last(dev.caisson.proto.executor.v1.UpdateContainerRequest.class);
    assertThat(asked.getResources()).isEqualTo(some.build());
    assertThat(asked.getTenant()).isEqualTo("t");
    assertThat(asked.getActor().getRequestId()).isEqualTo("r-7");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        "",
        "spec",
        "spec.hostname",
        "state",
        "spec.resources.",
        "spec.resources.disk",
        "spec.resources.memory.limit.more",
        "spec.resources.memory.swap",
        "spec.resources.cpu.quota",
        "spec.resources.devices",
        "spec.resourcesx"
      })
  void refusesAMaskOfWhatCannotBeChangedOrIsNotThere(String path) {
    gateway.executor.add("t", "pod", "app");
    var request = update("tenants/t/sandboxes/-/containers/app", path);
    StatusRuntimeException error = refused(() -> gateway.containers().updateContainer(request));
    assertThat(error.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(info(error).getReason()).isEqualTo("INVALID_FIELD");
    assertThat(info(error).getMetadataOrThrow("field")).isEqualTo("update_mask");
  }

  @Test
  void carriesAContainerThroughItsLife() {
    String name =
        gateway.containers().createContainer(container("tenants/t", "web", "sh")).getName();
    var containers = gateway.containers();
    assertThat(
            containers
                .startContainer(StartContainerRequest.newBuilder().setName(name).build())
                .getState())
        .isEqualTo(ContainerState.RUNNING);
    assertThat(
            containers
                .pauseContainer(PauseContainerRequest.newBuilder().setName(name).build())
                .getState())
        .isEqualTo(ContainerState.PAUSED);
    assertThat(
            containers
                .resumeContainer(ResumeContainerRequest.newBuilder().setName(name).build())
                .getState())
        .isEqualTo(ContainerState.RUNNING);
    containers.signalContainer(
        SignalContainerRequest.newBuilder().setName(name).setSignal(15).setAll(true).build());
    assertThat(gateway.executor.last(dev.caisson.proto.executor.v1.SignalRequest.class).getAll())
        .isTrue();
    containers.signalContainer(
        SignalContainerRequest.newBuilder().setName(name).setForeground(true).build());
    assertThat(
            gateway
                .executor
                .last(dev.caisson.proto.executor.v1.SignalRequest.class)
                .getForeground())
        .isTrue();
    var process =
        containers
            .listProcesses(ListProcessesRequest.newBuilder().setName(name).build())
            .getProcesses(0);
    assertThat(process.getId()).isEqualTo("init");
    assertThat(process.getAllFields().keySet())
        .as("nothing of it is left out")
        .hasSameSizeAs(process.getDescriptorForType().getFields());
    assertThat(
            containers
                .waitContainer(WaitContainerRequest.newBuilder().setName(name).build())
                .getStatus()
                .getCode())
        .isEqualTo(7);
    containers.deleteContainer(
        DeleteContainerRequest.newBuilder().setName(name).setForce(true).build());
    assertThat(gateway.executor.containers).isEmpty();
  }

  @Test
  void takesAMissingContainerForDeletedOnlyWhenAsked() {
    var delete =
        DeleteContainerRequest.newBuilder().setName("tenants/t/sandboxes/-/containers/gone");
    assertThat(code(() -> gateway.containers().deleteContainer(delete.build())))
        .isEqualTo(Status.Code.NOT_FOUND);
    assertThat(gateway.containers().deleteContainer(delete.setAllowMissing(true).build()))
        .isNotNull();
  }

  @Test
  void asksTheExecutorAlsoOfOneThatIsGone() {
    String gone = "tenants/t/sandboxes/app/containers/gone";
    var delete = DeleteContainerRequest.newBuilder().setName(gone).build();
    var signal = SignalContainerRequest.newBuilder().setName(gone).setSignal(9).build();
    assertThat(
            List.of(
                code(() -> gateway.containers().deleteContainer(delete)),
                code(() -> gateway.containers().signalContainer(signal))))
        .containsOnly(Status.Code.NOT_FOUND);
    assertThat(gateway.executor.requests)
        .as("which knows whether an earlier call of the same request has done it")
        .anyMatch(dev.caisson.proto.executor.v1.DeleteContainerRequest.class::isInstance)
        .anyMatch(dev.caisson.proto.executor.v1.SignalRequest.class::isInstance);
  }

  @Test
  void refusesASignalThatThereIsNot() {
    var signal =
        SignalContainerRequest.newBuilder()
            .setName("tenants/t/sandboxes/-/containers/c")
            .setSignal(65);
    StatusRuntimeException error =
        refused(() -> gateway.containers().signalContainer(signal.build()));
    assertThat(info(error).getMetadataOrThrow("field")).isEqualTo("signal");
  }

  @Test
  void plansWithoutCreating() {
    var plan =
        gateway
            .containers()
            .planContainer(
                PlanContainerRequest.newBuilder()
                    .setCreate(container("tenants/t", "c", "ls"))
                    .build());
    assertThat(plan.getStepsList()).containsExactly("execve(\"ls\")");
    assertThat(plan.getSandboxStepsList()).containsExactly("clone3(CLONE_NEWUSER)");
    assertThat(plan.getSha256().toStringUtf8()).isEqualTo("hash");
    assertThat(gateway.executor.containers).isEmpty();
  }

  @Test
  void listsInPagesThatStandStillWhileContainersComeAndGo() {
    for (String id : List.of("b", "d", "f", "h")) {
      gateway.executor.add("t", "pod", id);
    }
    gateway.executor.add("u", "pod", "z");
    ListContainersResponse first = list(2, "");
    gateway.executor.add("t", "pod", "a");
    gateway.executor.add("t", "pod", "e");
    gateway.executor.containers.remove("t/d");
    ListContainersResponse second = list(2, first.getNextPageToken());
    ListContainersResponse third = list(2, second.getNextPageToken());
    List<Container> all = new ArrayList<>(first.getContainersList());
    all.addAll(second.getContainersList());
    all.addAll(third.getContainersList());
    assertThat(all)
        .extracting(one -> one.getName().substring(one.getName().length() - 1))
        .containsExactly("b", "d", "e", "f", "h");
    assertThat(third.getNextPageToken()).isEmpty();
  }

  @Test
  void listsTheContainersOfOneSandboxOrOfAll() {
    gateway.executor.add("t", "one", "a");
    gateway.executor.add("t", "two", "b");
    assertThat(list("tenants/t/sandboxes/one").getContainersCount()).isEqualTo(1);
    assertThat(list("tenants/t/sandboxes/-").getContainersCount()).isEqualTo(2);
  }

  @Test
  void refusesAPageThatThereIsNot() {
    assertThat(info(refused(() -> list(-1, ""))).getReason()).isEqualTo("INVALID_PAGE");
    assertThat(info(refused(() -> list(1, "%%%"))).getReason()).isEqualTo("INVALID_PAGE");
    gateway.executor.add("t", "one", "a");
    gateway.executor.add("t", "one", "b");
    String token = list(1, "").getNextPageToken();
    StatusRuntimeException error =
        refused(() ->
            gateway
                .containers()
                .listContainers(
                    ListContainersRequest.newBuilder()
                        .setParent("tenants/t/sandboxes/one")
                        .setPageToken(token)
                        .build()));
    assertThat(info(error).getReason()).isEqualTo("INVALID_PAGE");
  }

  private static StatusRuntimeException refusedCreation(String json) {
    return refused(
        () -> gateway.containers().createContainer(ociContainer("tenants/t", "c", json)));
  }

  private static String fieldOf(CreateContainerRequest.Builder request) {
    StatusRuntimeException error =
        refused(() -> gateway.containers().createContainer(request.build()));
    return info(error).getMetadataOrThrow("field");
  }

  private static Status.Code code(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    return refused(call).getStatus().getCode();
  }

  private static Container get(String name) {
    return gateway
        .containers()
        .getContainer(GetContainerRequest.newBuilder().setName(name).build());
  }

  private static ListContainersResponse list(int size, String token) {
    return gateway
        .containers()
        .listContainers(
            ListContainersRequest.newBuilder()
                .setParent("tenants/t/sandboxes/-")
                .setPageSize(size)
                .setPageToken(token)
                .build());
  }

  private static ListContainersResponse list(String parent) {
    return gateway
        .containers()
        .listContainers(ListContainersRequest.newBuilder().setParent(parent).build());
  }

  private static dev.caisson.proto.executor.v1.CreateContainerRequest lastCreate() {
    return gateway.executor.last(dev.caisson.proto.executor.v1.CreateContainerRequest.class);
  }
}
