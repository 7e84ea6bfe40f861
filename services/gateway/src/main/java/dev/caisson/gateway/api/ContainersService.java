package dev.caisson.gateway.api;

import dev.caisson.gateway.admission.Findings;
import dev.caisson.gateway.admission.LivingQuota;
import dev.caisson.gateway.bridge.ServerCalls;
import dev.caisson.gateway.executor.ExecutorClient;
import dev.caisson.gateway.identity.Caller;
import dev.caisson.gateway.names.ContainerName;
import dev.caisson.gateway.names.Ids;
import dev.caisson.gateway.names.SandboxName;
import dev.caisson.proto.executor.v1.PlanRequest;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.WaitRequest;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.AttachContainerRequest;
import dev.caisson.proto.v1.AttachContainerResponse;
import dev.caisson.proto.v1.BatchGetContainersRequest;
import dev.caisson.proto.v1.BatchGetContainersResponse;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.DeleteContainerResponse;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.v1.ListContainerStatisticsRequest;
import dev.caisson.proto.v1.ListContainerStatisticsResponse;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.ListProcessesRequest;
import dev.caisson.proto.v1.ListProcessesResponse;
import dev.caisson.proto.v1.PauseContainerRequest;
import dev.caisson.proto.v1.PlanContainerRequest;
import dev.caisson.proto.v1.PlanContainerResponse;
import dev.caisson.proto.v1.PolicyFinding;
import dev.caisson.proto.v1.PortForwardRequest;
import dev.caisson.proto.v1.PortForwardResponse;
import dev.caisson.proto.v1.ReadLogsRequest;
import dev.caisson.proto.v1.ReadLogsResponse;
import dev.caisson.proto.v1.ResumeContainerRequest;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.proto.v1.SignalContainerRequest;
import dev.caisson.proto.v1.SignalContainerResponse;
import dev.caisson.proto.v1.StartContainerRequest;
import dev.caisson.proto.v1.UpdateContainerRequest;
import dev.caisson.proto.v1.WaitContainerRequest;
import dev.caisson.proto.v1.WaitContainerResponse;
import dev.caisson.proto.v1.WatchContainerStatisticsRequest;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.List;
import reactor.core.publisher.Mono;

/** Containers, as the public API has them. */
@Singleton
final class ContainersService extends ContainersGrpc.ContainersImplBase {
  private final ExecutorClient executor;
  private final ContainerLookup lookup;

  ContainersService(ExecutorClient executor, ContainerLookup lookup) {
    this.executor = executor;
    this.lookup = lookup;
  }

  @Override
  public void createContainer(CreateContainerRequest request, StreamObserver<Container> responses) {
    ServerCalls.answer(
        responses,
        executor
            .createContainer(Creation.of(request))
            .onErrorMap(error -> Creation.inItsWords(request, error))
            .map(Resources::container));
  }

  @Override
  public void getContainer(GetContainerRequest request, StreamObserver<Container> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    ServerCalls.answer(responses, lookup.get(name).map(Resources::container));
  }

  @Override
  public void batchGetContainers(
      BatchGetContainersRequest request, StreamObserver<BatchGetContainersResponse> responses) {
    SandboxName parent = SandboxName.parseWithWildcard("parent", request.getParent());
    Mono<List<Container>> all =
        Batch.get(
            request.getNamesList(),
            text -> {
              ContainerName name = ContainerName.parse("names", text);
              Batch.requireInParent(name.isIn(parent), text);
              return lookup.get(name).map(ContainersService::listed);
            });
    ServerCalls.answer(
        responses,
        all.map(found -> BatchGetContainersResponse.newBuilder().addAllContainers(found).build()));
  }

  private static Container listed(dev.caisson.proto.executor.v1.Container found) {
    return Resources.container(found.toBuilder().clearSpec().clearIgnored().build());
  }

  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> responses) {
    SandboxName parent = SandboxName.parseWithWildcard("parent", request.getParent());
    Pages pages = Pages.of(parent.toString(), request.getPageSize(), request.getPageToken());
    ServerCalls.answer(responses, list(parent, pages).map(answer -> page(pages, answer)));
  }

  private Mono<dev.caisson.proto.executor.v1.ListContainersResponse> list(
      SandboxName parent, Pages pages) {
    return executor.listContainers(
        dev.caisson.proto.executor.v1.ListContainersRequest.newBuilder()
            .setTenant(parent.tenant())
            .setSandboxId(parent.isWildcard() ? "" : parent.sandbox())
            .setLimit(pages.size())
            .setAfter(pages.after())
            .build());
  }

  @Override
  public void startContainer(StartContainerRequest request, StreamObserver<Container> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    var start =
        dev.caisson.proto.executor.v1.StartContainerRequest.newBuilder()
            .setActor(actor(request.getRequestId()))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .build();
    ServerCalls.answer(
        responses,
        lookup.check(name).then(executor.startContainer(start)).map(Resources::container));
  }

  @Override
  public StreamObserver<RunContainerRequest> runContainer(
      StreamObserver<RunContainerResponse> responses) {
    RunStream stream = new RunStream();
    return ServerCalls.both(
        responses,
        requests ->
            executor
                .run(stream.requests(requests))
                .onErrorMap(stream::inItsWords)
                .map(RunStream::response));
  }

  @Override
  public StreamObserver<AttachContainerRequest> attachContainer(
      StreamObserver<AttachContainerResponse> responses) {
    AttachStream stream = new AttachStream(lookup, Caller.current());
    return ServerCalls.both(
        responses,
        requests -> executor.attach(stream.requests(requests)).map(AttachStream::response));
  }

  @Override
  public StreamObserver<ExecContainerRequest> execContainer(
      StreamObserver<ExecContainerResponse> responses) {
    ExecStream stream = new ExecStream(lookup, Caller.current());
    return ServerCalls.both(
        responses, requests -> executor.exec(stream.requests(requests)).map(ExecStream::response));
  }

  @Override
  public StreamObserver<PortForwardRequest> portForward(
      StreamObserver<PortForwardResponse> responses) {
    ForwardStream stream = new ForwardStream(lookup, Caller.current());
    return ServerCalls.both(
        responses,
        requests -> executor.portForward(stream.requests(requests)).map(ForwardStream::response));
  }

  @Override
  public void waitContainer(
      WaitContainerRequest request, StreamObserver<WaitContainerResponse> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    WaitRequest wait =
        WaitRequest.newBuilder()
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .setProcessId(request.getProcessId())
            .build();
    ServerCalls.answer(
        responses,
        lookup
            .check(name)
            .then(executor.waitFor(wait))
            .map(ended -> WaitContainerResponse.newBuilder().setStatus(ended.getStatus()).build()));
  }

  @Override
  public void signalContainer(
      SignalContainerRequest request, StreamObserver<SignalContainerResponse> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    StreamedInput.requireSignal("signal", request.getSignal());
    SignalRequest signal =
        SignalRequest.newBuilder()
            .setActor(actor(request.getRequestId()))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .setProcessId(request.getProcessId())
            .setSignal(request.getSignal())
            .setAll(request.getAll())
            .setForeground(request.getForeground())
            .setSandboxId(name.sandboxIfAny())
            .build();
    ServerCalls.answer(
        responses,
        executor.signal(signal).thenReturn(SignalContainerResponse.getDefaultInstance()));
  }

  @Override
  public void pauseContainer(PauseContainerRequest request, StreamObserver<Container> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    var pause =
        dev.caisson.proto.executor.v1.PauseContainerRequest.newBuilder()
            .setActor(actor(request.getRequestId()))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .build();
    ServerCalls.answer(
        responses,
        lookup.check(name).then(executor.pauseContainer(pause)).map(Resources::container));
  }

  @Override
  public void resumeContainer(ResumeContainerRequest request, StreamObserver<Container> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    var resume =
        dev.caisson.proto.executor.v1.ResumeContainerRequest.newBuilder()
            .setActor(actor(request.getRequestId()))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .build();
    ServerCalls.answer(
        responses,
        lookup.check(name).then(executor.resumeContainer(resume)).map(Resources::container));
  }

  @Override
  public void updateContainer(UpdateContainerRequest request, StreamObserver<Container> responses) {
    ContainerName name = ContainerName.parse("container.name", request.getContainer().getName());
    var update =
        dev.caisson.proto.executor.v1.UpdateContainerRequest.newBuilder()
            .setActor(actor(request.getRequestId()))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .setResources(
                UpdateMask.ofContainers(request.getUpdateMask())
                    .taken(request.getContainer().getSpec().getResources()))
            .setQuota(LivingQuota.current())
            .build();
    ServerCalls.answer(
        responses,
        lookup.check(name).then(executor.updateContainer(update)).map(Resources::container));
  }

  @Override
  public void listProcesses(
      ListProcessesRequest request, StreamObserver<ListProcessesResponse> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    var list =
        dev.caisson.proto.executor.v1.ListProcessesRequest.newBuilder()
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .build();
    ServerCalls.answer(
        responses,
        lookup.check(name).then(executor.listProcesses(list)).map(ContainersService::processes));
  }

  @Override
  public void getContainerStatistics(
      GetContainerStatisticsRequest request, StreamObserver<Statistics> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    ServerCalls.answer(responses, statistics(name, request.getRaw()));
  }

  @Override
  public void listContainerStatistics(
      ListContainerStatisticsRequest request,
      StreamObserver<ListContainerStatisticsResponse> responses) {
    SandboxName parent = SandboxName.parseWithWildcard("parent", request.getParent());
    Pages pages = Pages.of(parent.toString(), request.getPageSize(), request.getPageToken());
    ServerCalls.answer(
        responses,
        list(parent, pages)
            .flatMap(page ->
                StatisticsList.of(
                        page.getContainersList(),
                        one -> Resources.container(one).getName(),
                        one -> statistics(one.getTenant(), one.getId(), false))
                    .map(all ->
                        ListContainerStatisticsResponse.newBuilder()
                            .addAllStatistics(all)
                            .setNextPageToken(pages.token(page.getNext()))
                            .build())));
  }

  @Override
  public void watchContainerStatistics(
      WatchContainerStatisticsRequest request, StreamObserver<Statistics> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    Interval interval = Interval.of(request.hasInterval(), request.getInterval());
    ServerCalls.stream(responses, interval.each(statistics(name, request.getRaw())));
  }

  private Mono<Statistics> statistics(ContainerName name, boolean raw) {
    return lookup.check(name).then(statistics(name.tenant(), name.container(), raw));
  }

  private Mono<Statistics> statistics(String tenant, String container, boolean raw) {
    return executor.getContainerStatistics(
        dev.caisson.proto.executor.v1.GetContainerStatisticsRequest.newBuilder()
            .setTenant(tenant)
            .setContainerId(container)
            .setRaw(raw)
            .build());
  }

  @Override
  public void deleteContainer(
      DeleteContainerRequest request, StreamObserver<DeleteContainerResponse> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    var delete =
        dev.caisson.proto.executor.v1.DeleteContainerRequest.newBuilder()
            .setActor(actor(request.getRequestId()))
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .setForce(request.getForce())
            .setSandboxId(name.sandboxIfAny())
            .setAllowMissing(request.getAllowMissing())
            .build();
    ServerCalls.answer(
        responses,
        executor.deleteContainer(delete).thenReturn(DeleteContainerResponse.getDefaultInstance()));
  }

  @Override
  public void readLogs(ReadLogsRequest request, StreamObserver<ReadLogsResponse> responses) {
    ContainerName name = ContainerName.parse("name", request.getName());
    var read =
        dev.caisson.proto.executor.v1.ReadLogsRequest.newBuilder()
            .setTenant(name.tenant())
            .setContainerId(name.container())
            .setFollow(request.getFollow())
            .setSince(request.getSince());
    if (request.hasTailLines()) {
      read.setTailLines(request.getTailLines());
    }
    ServerCalls.stream(
        responses,
        lookup
            .check(name)
            .thenMany(executor.readLogs(read.build()))
            .map(answer ->
                ReadLogsResponse.newBuilder()
                    .setEntry(Resources.logEntry(answer.getEntry()))
                    .build()));
  }

  @Override
  public void planContainer(
      PlanContainerRequest request, StreamObserver<PlanContainerResponse> responses) {
    List<PolicyFinding> findings = Findings.current();
    PlanRequest plan = PlanRequest.newBuilder().setCreate(Creation.of(request.getCreate())).build();
    ServerCalls.answer(
        responses,
        executor
            .plan(plan)
            .onErrorMap(error -> Creation.inItsWords(request.getCreate(), error))
            .map(made ->
                PlanContainerResponse.newBuilder()
                    .addAllSandboxSteps(made.getSandboxStepsList())
                    .addAllSteps(made.getStepsList())
                    .setSha256(made.getSha256())
                    .addAllIgnored(made.getIgnoredList())
                    .addAllFindings(findings)
                    .build()));
  }

  private static Actor actor(String requestId) {
    return Caller.current().actor(Ids.requireRequestId(requestId));
  }

  private static ListContainersResponse page(
      Pages pages, dev.caisson.proto.executor.v1.ListContainersResponse answer) {
    return ListContainersResponse.newBuilder()
        .addAllContainers(answer.getContainersList().stream().map(Resources::container).toList())
        .setNextPageToken(pages.token(answer.getNext()))
        .build();
  }

  private static ListProcessesResponse processes(
      dev.caisson.proto.executor.v1.ListProcessesResponse answer) {
    return ListProcessesResponse.newBuilder()
        .addAllProcesses(answer.getProcessesList().stream().map(Resources::process).toList())
        .build();
  }
}
