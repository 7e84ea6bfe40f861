package dev.caisson.scenarios;

import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import dev.caisson.client.Caisson;
import dev.caisson.client.CaissonException;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.DonatedDescriptors;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.DeleteSandboxRequest;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.v1.GetSandboxStatisticsRequest;
import dev.caisson.proto.v1.ListContainerStatisticsRequest;
import dev.caisson.proto.v1.ListContainerStatisticsResponse;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.ListProcessesRequest;
import dev.caisson.proto.v1.ListSandboxesRequest;
import dev.caisson.proto.v1.PauseContainerRequest;
import dev.caisson.proto.v1.Process;
import dev.caisson.proto.v1.ResumeContainerRequest;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.proto.v1.Sandbox;
import dev.caisson.proto.v1.SandboxesGrpc;
import dev.caisson.proto.v1.SignalContainerRequest;
import dev.caisson.proto.v1.StartContainerRequest;
import dev.caisson.proto.v1.UpdateContainerRequest;
import dev.caisson.proto.v1.UpdateSandboxRequest;
import dev.caisson.proto.v1.WaitContainerRequest;
import dev.caisson.proto.v1.WatchContainerStatisticsRequest;
import dev.caisson.rpc.Channels;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;

/** A caller of the public API, over the gateway's socket. */
final class Client implements AutoCloseable {
  private static final String TENANT = "tenants/default";

  private final Caisson caisson;

  Client(Path socket) {
    caisson = Caisson.unix(socket);
  }

  /** As a service in Java has it. */
  Caisson library() {
    return caisson;
  }

  private ContainersGrpc.ContainersBlockingStub containers() {
    return Channels.withDeadline(ContainersGrpc.newBlockingStub(caisson.channel()));
  }

  private SandboxesGrpc.SandboxesBlockingStub sandboxes() {
    return Channels.withDeadline(SandboxesGrpc.newBlockingStub(caisson.channel()));
  }

  static String name(String id) {
    return TENANT + "/sandboxes/-/containers/" + id;
  }

  private static CreateContainerRequest.Builder request(String id, Document document) {
    return CreateContainerRequest.newBuilder()
        .setParent(TENANT)
        .setContainerId(id)
        .setContainer(document.container());
  }

  Container create(String id, Document document) {
    return containers().createContainer(request(id, document).build());
  }

  Container start(String id) {
    return containers()
        .startContainer(StartContainerRequest.newBuilder().setName(name(id)).build());
  }

  /** Created and started. */
  Container started(String id, Document document) {
    var _ = create(id, document);
    return start(id);
  }

  /** With descriptors of a caller on this host. */
  Container create(String id, Document document, DonatedDescriptors.Builder donated) {
    return containers().createContainer(request(id, document).setDonated(donated).build());
  }

  Call<RunContainerRequest, RunContainerResponse> attached(
      String id, Document document, DonatedDescriptors.Builder donated) {
    return Call.run(
        Channels.withDeadline(ContainersGrpc.newStub(caisson.channel()))::runContainer,
        RunContainerRequest.newBuilder()
            .setCreate(request(id, document).setDonated(donated))
            .build());
  }

  /** From creation to deletion, with its streams. */
  Call<RunContainerRequest, RunContainerResponse> attached(String id, Document document) {
    return Call.run(
        Channels.withDeadline(ContainersGrpc.newStub(caisson.channel()))::runContainer,
        RunContainerRequest.newBuilder().setCreate(request(id, document)).build());
  }

  Ended run(Document document) {
    return attached("run-" + UUID.randomUUID(), document).closeInput().ended();
  }

  Container get(String id) {
    return containers().getContainer(GetContainerRequest.newBuilder().setName(name(id)).build());
  }

  ContainerState state(String id) {
    return get(id).getState();
  }

  ListContainersResponse page(int size, String token) {
    return containers()
        .listContainers(
            ListContainersRequest.newBuilder()
                .setParent(TENANT + "/sandboxes/-")
                .setPageSize(size)
                .setPageToken(token)
                .build());
  }

  /** The ids of all, in the order of their names. */
  List<String> list() {
    return page(0, "").getContainersList().stream().map(Client::id).toList();
  }

  static String id(Container container) {
    return container.getName().substring(container.getName().lastIndexOf('/') + 1);
  }

  List<Process> processes(String id) {
    return containers()
        .listProcesses(ListProcessesRequest.newBuilder().setName(name(id)).build())
        .getProcessesList();
  }

  Statistics statistics(String id) {
    return containers()
        .getContainerStatistics(
            GetContainerStatisticsRequest.newBuilder().setName(name(id)).build());
  }

  Statistics statisticsWithRaw(String id) {
    return containers()
        .getContainerStatistics(
            GetContainerStatisticsRequest.newBuilder().setName(name(id)).setRaw(true).build());
  }

  Statistics sandboxStatistics(String id) {
    return sandboxes()
        .getSandboxStatistics(
            GetSandboxStatisticsRequest.newBuilder().setName(TENANT + "/sandboxes/" + id).build());
  }

  /** A page of what the containers of a sandbox use. */
  ListContainerStatisticsResponse statisticsIn(String sandbox, int size, String token) {
    return containers()
        .listContainerStatistics(
            ListContainerStatisticsRequest.newBuilder()
                .setParent(TENANT + "/sandboxes/" + sandbox)
                .setPageSize(size)
                .setPageToken(token)
                .build());
  }

  Iterator<Statistics> watch(String id, Duration interval) {
    return containers()
        .watchContainerStatistics(
            WatchContainerStatisticsRequest.newBuilder()
                .setName(name(id))
                .setInterval(interval)
                .build());
  }

  ExitStatus await(String id) {
    return containers()
        .waitContainer(WaitContainerRequest.newBuilder().setName(name(id)).build())
        .getStatus();
  }

  void signal(String id, int signal) {
    signal(SignalContainerRequest.newBuilder().setName(name(id)).setSignal(signal));
  }

  /** To whoever is in the foreground of its terminal. */
  void signalForeground(String id, int signal) {
    signal(
        SignalContainerRequest.newBuilder()
            .setName(name(id))
            .setSignal(signal)
            .setForeground(true));
  }

  private void signal(SignalContainerRequest.Builder request) {
    var _ = containers().signalContainer(request.build());
  }

  Container pause(String id) {
    return containers()
        .pauseContainer(PauseContainerRequest.newBuilder().setName(name(id)).build());
  }

  Container resume(String id) {
    return containers()
        .resumeContainer(ResumeContainerRequest.newBuilder().setName(name(id)).build());
  }

  /** Only those limits that the mask names. */
  Container update(String id, Resources.Builder limits, String... mask) {
    return containers()
        .updateContainer(
            UpdateContainerRequest.newBuilder()
                .setContainer(
                    Container.newBuilder()
                        .setName(name(id))
                        .setSpec(ContainerSpec.newBuilder().setResources(limits)))
                .setUpdateMask(FieldMask.newBuilder().addAllPaths(List.of(mask)))
                .build());
  }

  Sandbox updateSandbox(String id, Resources.Builder limits) {
    return sandboxes()
        .updateSandbox(
            UpdateSandboxRequest.newBuilder()
                .setSandbox(
                    Sandbox.newBuilder().setName(TENANT + "/sandboxes/" + id).setResources(limits))
                .build());
  }

  void delete(String id) {
    delete(DeleteContainerRequest.newBuilder().setName(name(id)));
  }

  void delete(DeleteContainerRequest.Builder request) {
    var _ = containers().deleteContainer(request.build());
  }

  static Exec.Builder execOf(String id, String... args) {
    Exec.Builder exec = Exec.newBuilder().setName(name(id));
    exec.getProcessBuilder().addAllArgs(List.of(args)).setNoNewPrivileges(true);
    return exec;
  }

  Call<ExecContainerRequest, ExecContainerResponse> exec(Exec.Builder exec) {
    return Call.exec(
        Channels.withDeadline(ContainersGrpc.newStub(caisson.channel()))::execContainer,
        ExecContainerRequest.newBuilder().setExec(exec).build());
  }

  Ended exec(String id, String... args) {
    return exec(execOf(id, args)).closeInput().ended();
  }

  void deleteEverything() {
    sandboxes()
        .listSandboxes(ListSandboxesRequest.newBuilder().setParent(TENANT).build())
        .getSandboxesList()
        .forEach(sandbox -> {
          var _ =
              sandboxes()
                  .deleteSandbox(
                      DeleteSandboxRequest.newBuilder()
                          .setName(sandbox.getName())
                          .setForce(true)
                          .build());
        });
  }

  /** The reason that the error carries. */
  static String reason(StatusRuntimeException error) {
    String reason = CaissonException.of(error).reason();
    if (reason.isEmpty()) {
      throw new AssertionError("no reason is given", error);
    }
    return reason;
  }

  @Override
  public void close() {
    caisson.close();
  }
}
