package dev.caisson.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.CreateSandboxRequest;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.DeleteSandboxRequest;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.ListProcessesRequest;
import dev.caisson.proto.v1.OciBundle;
import dev.caisson.proto.v1.PauseContainerRequest;
import dev.caisson.proto.v1.ResumeContainerRequest;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.proto.v1.SignalContainerRequest;
import dev.caisson.proto.v1.StartContainerRequest;
import dev.caisson.proto.v1.WaitContainerRequest;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** Containers that sleep, and what can be done to one, over one connection that stays open. */
final class Lives implements LifeSubject, AutoCloseable {
  private static final long DEADLINE_SECONDS = 60;
  private static final int SIGKILL = 9;
  private static final int PAGE = 1_000;
  static final List<String> SLEEPING = List.of("/bin/sleep", "100000");
  static final String TENANT = "default";
  static final String PARENT = "tenants/" + TENANT;

  private final ManagedChannel channel;
  private final OciBundle bundle;

  /** The sandbox has the host name. */
  private final OciBundle further;

  Lives(Path socket, Path bundle) throws IOException {
    this(socket, bundle, SLEEPING);
  }

  /**
   * @param program that goes on until it is killed
   */
  Lives(Path socket, Path bundle, List<String> program) throws IOException {
    this.channel = Channels.unix(socket);
    JsonObject config = running(bundle.resolve("config.json"), program);
    this.bundle = oci(config, bundle);
    config.remove("hostname");
    this.further = oci(config, bundle);
  }

  private static OciBundle oci(JsonObject config, Path bundle) {
    return OciBundle.newBuilder()
        .setConfigJson(ByteString.copyFromUtf8(config.toString()))
        .setBundle(bundle.toString())
        .build();
  }

  /** The same document with a process that goes on. */
  static JsonObject sleeping(Path config) throws IOException {
    return running(config, SLEEPING);
  }

  /** The same document with that process. */
  static JsonObject running(Path config, List<String> program) throws IOException {
    JsonObject document = JsonParser.parseString(Files.readString(config)).getAsJsonObject();
    JsonArray args = new JsonArray();
    program.forEach(args::add);
    document.getAsJsonObject("process").add("args", args);
    return document;
  }

  private ContainersGrpc.ContainersBlockingStub containers() {
    return ContainersGrpc.newBlockingStub(channel)
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  static String name(String id) {
    return PARENT + "/sandboxes/-/containers/" + id;
  }

  private static String requestId() {
    return UUID.randomUUID().toString();
  }

  @Override
  public String name() {
    return "caisson";
  }

  @Override
  public Set<Operation> operations() {
    return EnumSet.allOf(Operation.class);
  }

  @Override
  public void perform(Operation operation, String id) throws Exception {
    switch (operation) {
      case CREATE -> create(id);
      case GET -> get(id);
      case START -> start(id);
      case PS -> processes(id);
      case EXEC -> exec(id);
      case PAUSE -> pause(id);
      case RESUME -> resume(id);
      case SIGNAL_AND_WAIT -> kill(id);
      case DELETE -> delete(id, false);
    }
  }

  private void create(String id) {
    create(PARENT, id, bundle);
  }

  private void create(String parent, String id, OciBundle oci) {
    var _ =
        containers()
            .createContainer(
                CreateContainerRequest.newBuilder()
                    .setParent(parent)
                    .setContainerId(id)
                    .setContainer(Container.newBuilder().setOci(oci))
                    .setRequestId(requestId())
                    .build());
  }

  private void get(String id) {
    var _ = containers().getContainer(GetContainerRequest.newBuilder().setName(name(id)).build());
  }

  private void start(String id) {
    var _ =
        containers()
            .startContainer(
                StartContainerRequest.newBuilder()
                    .setName(name(id))
                    .setRequestId(requestId())
                    .build());
  }

  private void processes(String id) {
    var answer =
        containers().listProcesses(ListProcessesRequest.newBuilder().setName(name(id)).build());
    require(answer.getProcessesCount() == 1, id + " must have one process");
  }

  private void exec(String id) throws Exception {
    Exec.Builder exec = Exec.newBuilder().setName(name(id)).setRequestId(requestId());
    exec.getProcessBuilder().addArgs("/bin/true").setNoNewPrivileges(true);
    ExitCode<ExecContainerResponse> exited =
        new ExitCode<>(
            message -> Optional.of(message.getExited()).filter(_ -> message.hasExited()));
    StreamObserver<ExecContainerRequest> requests =
        ContainersGrpc.newStub(channel)
            .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
            .execContainer(exited);
    requests.onNext(ExecContainerRequest.newBuilder().setExec(exec).build());
    require(exited.await() == 0, "/bin/true must exit with 0");
    requests.onCompleted();
  }

  private void pause(String id) {
    var _ =
        containers()
            .pauseContainer(
                PauseContainerRequest.newBuilder()
                    .setName(name(id))
                    .setRequestId(requestId())
                    .build());
  }

  private void resume(String id) {
    var _ =
        containers()
            .resumeContainer(
                ResumeContainerRequest.newBuilder()
                    .setName(name(id))
                    .setRequestId(requestId())
                    .build());
  }

  private void kill(String id) {
    var _ =
        containers()
            .signalContainer(
                SignalContainerRequest.newBuilder()
                    .setName(name(id))
                    .setSignal(SIGKILL)
                    .setRequestId(requestId())
                    .build());
    var answer =
        containers().waitContainer(WaitContainerRequest.newBuilder().setName(name(id)).build());
    require(answer.getStatus().getSignal() == SIGKILL, id + " must end by the signal");
  }

  void delete(String id, boolean force) {
    var _ =
        containers()
            .deleteContainer(
                DeleteContainerRequest.newBuilder()
                    .setName(name(id))
                    .setForce(force)
                    .setRequestId(requestId())
                    .build());
  }

  void createSandbox(String id) {
    var _ =
        sandboxes()
            .createSandbox(
                CreateSandboxRequest.newBuilder()
                    .setParent(PARENT)
                    .setSandboxId(id)
                    .setRequestId(requestId())
                    .build());
  }

  /** Creates and starts one. */
  void startIn(String sandbox, String id) {
    create(PARENT + "/sandboxes/" + sandbox, id, further);
    start(id);
  }

  /** With all that is in it. */
  void deleteSandbox(String id) {
    var _ =
        sandboxes()
            .deleteSandbox(
                DeleteSandboxRequest.newBuilder()
                    .setName(PARENT + "/sandboxes/" + id)
                    .setForce(true)
                    .setRequestId(requestId())
                    .build());
  }

  /** How many there are, all of which must run. */
  int running() {
    int count = 0;
    String token = "";
    do {
      ListContainersResponse page =
          containers()
              .listContainers(
                  ListContainersRequest.newBuilder()
                      .setParent(PARENT + "/sandboxes/-")
                      .setPageSize(PAGE)
                      .setPageToken(token)
                      .build());
      page.getContainersList()
          .forEach(one -> require(one.getState() == ContainerState.RUNNING, one + " must run"));
      count += page.getContainersCount();
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    return count;
  }

  private SandboxesGrpc.SandboxesBlockingStub sandboxes() {
    return SandboxesGrpc.newBlockingStub(channel)
        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
  }

  private static void require(boolean holds, String rule) {
    if (!holds) {
      throw new IllegalStateException(rule);
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
