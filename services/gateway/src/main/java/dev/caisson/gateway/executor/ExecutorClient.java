package dev.caisson.gateway.executor;

import dev.caisson.gateway.bridge.ClientCalls;
import dev.caisson.gateway.errors.Upstream;
import dev.caisson.gateway.tracing.Tracing;
import dev.caisson.proto.executor.v1.AttachRequest;
import dev.caisson.proto.executor.v1.AttachResponse;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteContainerResponse;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxResponse;
import dev.caisson.proto.executor.v1.ExecRequest;
import dev.caisson.proto.executor.v1.ExecResponse;
import dev.caisson.proto.executor.v1.ExecutorGrpc;
import dev.caisson.proto.executor.v1.GetContainerRequest;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.GetNodeResponse;
import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.GetSandboxStatisticsRequest;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListContainersResponse;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ListProcessesResponse;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesResponse;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.PlanRequest;
import dev.caisson.proto.executor.v1.PlanResponse;
import dev.caisson.proto.executor.v1.PortForwardRequest;
import dev.caisson.proto.executor.v1.PortForwardResponse;
import dev.caisson.proto.executor.v1.ReadLogsRequest;
import dev.caisson.proto.executor.v1.ReadLogsResponse;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.executor.v1.RunResponse;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.SignalResponse;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.executor.v1.WaitRequest;
import dev.caisson.proto.executor.v1.WaitResponse;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.RequestForwarding;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.function.BiConsumer;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The executor's commands as publishers, with its errors as the gateway's callers read them. A
 * command has the caller's deadline, or the default one; what waits or streams has only the
 * caller's.
 */
@Singleton
public final class ExecutorClient {
  private final ExecutorGrpc.ExecutorStub stub;

  ExecutorClient(@Named("executor") ManagedChannel channel, Tracing tracing) {
    this.stub =
        ExecutorGrpc.newStub(channel)
            .withInterceptors(new RequestForwarding())
            .withInterceptors(tracing.asked().toArray(ClientInterceptor[]::new));
  }

  public Mono<GetNodeResponse> getNode(GetNodeRequest request) {
    return command(request, timed -> timed::getNode);
  }

  public Mono<Sandbox> createSandbox(CreateSandboxRequest request) {
    return command(request, timed -> timed::createSandbox);
  }

  public Mono<Sandbox> getSandbox(GetSandboxRequest request) {
    return command(request, timed -> timed::getSandbox);
  }

  public Mono<ListSandboxesResponse> listSandboxes(ListSandboxesRequest request) {
    return command(request, timed -> timed::listSandboxes);
  }

  public Mono<DeleteSandboxResponse> deleteSandbox(DeleteSandboxRequest request) {
    return command(request, timed -> timed::deleteSandbox);
  }

  public Mono<Container> createContainer(CreateContainerRequest request) {
    return command(request, timed -> timed::createContainer);
  }

  public Mono<Container> getContainer(GetContainerRequest request) {
    return command(request, timed -> timed::getContainer);
  }

  public Mono<ListContainersResponse> listContainers(ListContainersRequest request) {
    return command(request, timed -> timed::listContainers);
  }

  public Mono<Container> startContainer(StartContainerRequest request) {
    return command(request, timed -> timed::startContainer);
  }

  public Mono<SignalResponse> signal(SignalRequest request) {
    return command(request, timed -> timed::signal);
  }

  public Mono<Container> pauseContainer(PauseContainerRequest request) {
    return command(request, timed -> timed::pauseContainer);
  }

  public Mono<Container> resumeContainer(ResumeContainerRequest request) {
    return command(request, timed -> timed::resumeContainer);
  }

  public Mono<Container> updateContainer(UpdateContainerRequest request) {
    return command(request, timed -> timed::updateContainer);
  }

  public Mono<Sandbox> updateSandbox(UpdateSandboxRequest request) {
    return command(request, timed -> timed::updateSandbox);
  }

  public Mono<ListProcessesResponse> listProcesses(ListProcessesRequest request) {
    return command(request, timed -> timed::listProcesses);
  }

  public Mono<Statistics> getContainerStatistics(GetContainerStatisticsRequest request) {
    return command(request, timed -> timed::getContainerStatistics);
  }

  public Mono<Statistics> getSandboxStatistics(GetSandboxStatisticsRequest request) {
    return command(request, timed -> timed::getSandboxStatistics);
  }

  public Mono<DeleteContainerResponse> deleteContainer(DeleteContainerRequest request) {
    return command(request, timed -> timed::deleteContainer);
  }

  public Mono<PlanResponse> plan(PlanRequest request) {
    return command(request, timed -> timed::plan);
  }

  public Mono<WaitResponse> waitFor(WaitRequest request) {
    return ClientCalls.<WaitRequest, WaitResponse>unary(request, stub::wait)
        .onErrorMap(Upstream::translate);
  }

  public Flux<RunResponse> run(Flux<RunRequest> requests) {
    return ClientCalls.<RunRequest, RunResponse>both(requests, stub::run)
        .onErrorMap(Upstream::translate);
  }

  public Flux<ExecResponse> exec(Flux<ExecRequest> requests) {
    return ClientCalls.<ExecRequest, ExecResponse>both(requests, stub::exec)
        .onErrorMap(Upstream::translate);
  }

  public Flux<AttachResponse> attach(Flux<AttachRequest> requests) {
    return ClientCalls.<AttachRequest, AttachResponse>both(requests, stub::attach)
        .onErrorMap(Upstream::translate);
  }

  public Flux<PortForwardResponse> portForward(Flux<PortForwardRequest> requests) {
    return ClientCalls.<PortForwardRequest, PortForwardResponse>both(requests, stub::portForward)
        .onErrorMap(Upstream::translate);
  }

  public Flux<ReadLogsResponse> readLogs(ReadLogsRequest request) {
    return ClientCalls.<ReadLogsRequest, ReadLogsResponse>serverStream(request, stub::readLogs)
        .onErrorMap(Upstream::translate);
  }

  private <Q, A> Mono<A> command(
      Q request, Function<ExecutorGrpc.ExecutorStub, BiConsumer<Q, StreamObserver<A>>> method) {
    return Mono.defer(() -> ClientCalls.unary(request, method.apply(timed())))
        .onErrorMap(Upstream::translate);
  }

  private ExecutorGrpc.ExecutorStub timed() {
    return Context.current().getDeadline() == null ? Channels.withDeadline(stub) : stub;
  }
}
