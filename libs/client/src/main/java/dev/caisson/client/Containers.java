package dev.caisson.client;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.AttachContainerRequest;
import dev.caisson.proto.v1.AttachContainerResponse;
import dev.caisson.proto.v1.BatchGetContainersRequest;
import dev.caisson.proto.v1.BatchGetContainersResponse;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.ForwardPort;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.v1.Input;
import dev.caisson.proto.v1.ListContainerStatisticsRequest;
import dev.caisson.proto.v1.ListContainerStatisticsResponse;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.ListProcessesRequest;
import dev.caisson.proto.v1.ListProcessesResponse;
import dev.caisson.proto.v1.LogEntry;
import dev.caisson.proto.v1.NamedStatistics;
import dev.caisson.proto.v1.PauseContainerRequest;
import dev.caisson.proto.v1.PlanContainerRequest;
import dev.caisson.proto.v1.PlanContainerResponse;
import dev.caisson.proto.v1.PortForwardRequest;
import dev.caisson.proto.v1.Process;
import dev.caisson.proto.v1.ReadLogsRequest;
import dev.caisson.proto.v1.ReadLogsResponse;
import dev.caisson.proto.v1.ResumeContainerRequest;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.proto.v1.SignalContainerRequest;
import dev.caisson.proto.v1.StartContainerRequest;
import dev.caisson.proto.v1.UpdateContainerRequest;
import dev.caisson.proto.v1.WaitContainerRequest;
import dev.caisson.proto.v1.WaitContainerResponse;
import dev.caisson.proto.v1.WatchContainerStatisticsRequest;
import java.util.Collection;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The service {@code caisson.v1.Containers}; which errors a method has stands in its proto.
 * Mutations without a {@code request_id} get one. Names are full ones, in which {@code -} stands
 * for any sandbox: {@code tenants/{tenant}/sandboxes/-/containers/{container}}. Thread-safe.
 */
public final class Containers {
  private final Calls calls;
  private final Resumption resumption;

  Containers(Calls calls, Resumption resumption) {
    this.calls = calls;
    this.resumption = resumption;
  }

  /** Creates one, up to where its program would be executed. */
  public Mono<Container> create(CreateContainerRequest request) {
    return calls.unary(ContainersGrpc.getCreateContainerMethod(), request);
  }

  /** NOT_FOUND where there is none of this name. */
  public Mono<Container> get(String name) {
    return calls.unary(
        ContainersGrpc.getGetContainerMethod(),
        GetContainerRequest.newBuilder().setName(name).build());
  }

  /**
   * All of a sandbox, in the order of their ids, without {@code spec}. Read page by page, as the
   * subscriber takes them.
   *
   * @param parent {@code tenants/{tenant}/sandboxes/{sandbox}}; {@code -}: of every sandbox
   */
  public Flux<Container> list(String parent) {
    return Pages.of(
        token ->
            calls.unary(
                ContainersGrpc.getListContainersMethod(),
                ListContainersRequest.newBuilder()
                    .setParent(parent)
                    .setPageSize(Pages.SIZE)
                    .setPageToken(token)
                    .build()),
        ListContainersResponse::getContainersList,
        ListContainersResponse::getNextPageToken);
  }

  /**
   * Many at once, all of them or none, in the order of the names.
   *
   * @param parent as of a list
   * @param names 1 to 1,000 full names in it
   */
  public Flux<Container> batchGet(String parent, Collection<String> names) {
    return calls
        .unary(
            ContainersGrpc.getBatchGetContainersMethod(),
            BatchGetContainersRequest.newBuilder().setParent(parent).addAllNames(names).build())
        .flatMapIterable(BatchGetContainersResponse::getContainersList);
  }

  /** Executes the program of a created container. */
  public Mono<Container> start(String name) {
    return start(StartContainerRequest.newBuilder().setName(name).build());
  }

  /** The same, with a request id of the caller's. */
  public Mono<Container> start(StartContainerRequest request) {
    return calls.unary(ContainersGrpc.getStartContainerMethod(), request);
  }

  /**
   * Creates one, starts it, and deletes it when it has ended. Never made again by itself.
   *
   * @param input as of {@link Inputs}, taken when the process can; its end is that of the standard
   *     input. It must not block who subscribes to it or asks it for more: one that reads from what
   *     blocks does so on a scheduler of its own
   */
  public Session<Container> run(CreateContainerRequest create, Publisher<Input> input) {
    Flux<RunContainerRequest> requests =
        Flux.from(input).map(one -> RunContainerRequest.newBuilder().setInput(one).build());
    return Session.of(
        calls.both(
            ContainersGrpc.getRunContainerMethod(),
            requests.startWith(RunContainerRequest.newBuilder().setCreate(create).build())),
        Containers::answer);
  }

  private static Session.Answer<Container> answer(RunContainerResponse answer) {
    return switch (answer.getMessageCase()) {
      case STARTED -> new Session.Answer.Started<>(answer.getStarted());
      case OUTPUT -> new Session.Answer.Wrote<>(answer.getOutput());
      case EXITED -> new Session.Answer.Exited<>(answer.getExited());
      case CREATED, MESSAGE_NOT_SET -> new Session.Answer.Other<>();
    };
  }

  /**
   * Takes up the streams of a container's first process, as {@link #attach(String, String,
   * Publisher)}.
   */
  public Session<Void> attach(String name, Publisher<Input> input) {
    return attach(name, "", input);
  }

  /**
   * Takes up the streams of a process that was made for it.
   *
   * @param processId of an exec'd process; empty: the container's first
   * @param input as of {@link #run}
   */
  public Session<Void> attach(String name, String processId, Publisher<Input> input) {
    Flux<AttachContainerRequest> requests =
        Flux.from(input).map(one -> AttachContainerRequest.newBuilder().setInput(one).build());
    return Session.ofRunning(
        calls.both(
            ContainersGrpc.getAttachContainerMethod(),
            requests.startWith(
                AttachContainerRequest.newBuilder()
                    .setAttach(name)
                    .setProcessId(processId)
                    .build())),
        Containers::answer);
  }

  private static Session.Answer<Void> answer(AttachContainerResponse answer) {
    return switch (answer.getMessageCase()) {
      case OUTPUT -> new Session.Answer.Wrote<>(answer.getOutput());
      case EXITED -> new Session.Answer.Exited<>(answer.getExited());
      case MESSAGE_NOT_SET -> new Session.Answer.Other<>();
    };
  }

  /**
   * Starts a process in a running container. Never made again by itself.
   *
   * @param exec with {@code detach} the call ends when it has started
   * @param input as of {@link #run}
   */
  public Session<Process> exec(Exec exec, Publisher<Input> input) {
    Flux<ExecContainerRequest> requests =
        Flux.from(input).map(one -> ExecContainerRequest.newBuilder().setInput(one).build());
    return Session.of(
        calls.both(
            ContainersGrpc.getExecContainerMethod(),
            requests.startWith(ExecContainerRequest.newBuilder().setExec(exec).build())),
        Containers::answer);
  }

  private static Session.Answer<Process> answer(ExecContainerResponse answer) {
    return switch (answer.getMessageCase()) {
      case STARTED -> new Session.Answer.Started<>(answer.getStarted());
      case OUTPUT -> new Session.Answer.Wrote<>(answer.getOutput());
      case EXITED -> new Session.Answer.Exited<>(answer.getExited());
      case MESSAGE_NOT_SET -> new Session.Answer.Other<>();
    };
  }

  /**
   * Connects to a port of a running container's sandbox.
   *
   * @param port 1 to 65535
   * @param data to the server, in pieces of at most 16 KiB; its end is that of what the server
   *     reads. It must not block, as of {@link #run}
   */
  public Connection portForward(String name, int port, Publisher<ByteString> data) {
    ForwardPort forward = ForwardPort.newBuilder().setName(name).setPort(port).build();
    return new Connection(
        calls.both(
            ContainersGrpc.getPortForwardMethod(),
            Flux.from(data)
                .map(one -> PortForwardRequest.newBuilder().setData(one).build())
                .startWith(PortForwardRequest.newBuilder().setForward(forward).build())));
  }

  /**
   * How the container's first process has ended, when it has; at once if it had. Without a deadline
   * but the client's own.
   */
  public Mono<ExitStatus> await(String name) {
    return await(WaitContainerRequest.newBuilder().setName(name).build());
  }

  /** The same, also of an exec'd process. */
  public Mono<ExitStatus> await(WaitContainerRequest request) {
    return calls
        .lasting(ContainersGrpc.getWaitContainerMethod(), request)
        .map(WaitContainerResponse::getStatus);
  }

  /** Sends a signal to one process, or to all of a container. */
  public Mono<Void> signal(SignalContainerRequest request) {
    return calls.unary(ContainersGrpc.getSignalContainerMethod(), request).then();
  }

  /** Freezes every process. */
  public Mono<Container> pause(String name) {
    return pause(PauseContainerRequest.newBuilder().setName(name).build());
  }

  /** The same, with a request id of the caller's. */
  public Mono<Container> pause(PauseContainerRequest request) {
    return calls.unary(ContainersGrpc.getPauseContainerMethod(), request);
  }

  /** Lets them go on. */
  public Mono<Container> resume(String name) {
    return resume(ResumeContainerRequest.newBuilder().setName(name).build());
  }

  /** The same, with a request id of the caller's. */
  public Mono<Container> resume(ResumeContainerRequest request) {
    return calls.unary(ContainersGrpc.getResumeContainerMethod(), request);
  }

  /** Changes limits of what runs. */
  public Mono<Container> update(UpdateContainerRequest request) {
    return calls.unary(ContainersGrpc.getUpdateContainerMethod(), request);
  }

  /** In the order of their pids. */
  public Flux<Process> processes(String name) {
    return calls
        .unary(
            ContainersGrpc.getListProcessesMethod(),
            ListProcessesRequest.newBuilder().setName(name).build())
        .flatMapIterable(ListProcessesResponse::getProcessesList);
  }

  /** What a container uses, in any state. */
  public Mono<Statistics> statistics(GetContainerStatisticsRequest request) {
    return calls.unary(ContainersGrpc.getGetContainerStatisticsMethod(), request);
  }

  /**
   * Of all in the order of their names, page by page, as the subscriber takes them.
   *
   * @param parent as of a list
   */
  public Flux<NamedStatistics> listStatistics(String parent) {
    return Pages.of(
        token ->
            calls.unary(
                ContainersGrpc.getListContainerStatisticsMethod(),
                ListContainerStatisticsRequest.newBuilder()
                    .setParent(parent)
                    .setPageSize(Pages.SIZE)
                    .setPageToken(token)
                    .build()),
        ListContainerStatisticsResponse::getStatisticsList,
        ListContainerStatisticsResponse::getNextPageToken);
  }

  /**
   * At once, and then at the interval until it is deleted: NOT_FOUND. Goes on by itself where the
   * service was away; what was used meanwhile is in the next sample.
   */
  public Flux<Statistics> watchStatistics(WatchContainerStatisticsRequest request) {
    return resumption.of(
        calls,
        Resumption.ANYWHERE,
        (repeated, _, whenAnswered) ->
            repeated.stream(
                ContainersGrpc.getWatchContainerStatisticsMethod(), request, whenAnswered),
        _ -> "");
  }

  /** Removes a stopped or created container; any, when forced. */
  public Mono<Void> delete(DeleteContainerRequest request) {
    return calls.unary(ContainersGrpc.getDeleteContainerMethod(), request).then();
  }

  /**
   * The log of a container that was created with one; following, until it has ended. A log has no
   * cursor: cut off, it fails, and who begins anew with {@code since} may read lines twice.
   */
  public Flux<LogEntry> logs(ReadLogsRequest request) {
    return calls.stream(ContainersGrpc.getReadLogsMethod(), request)
        .map(ReadLogsResponse::getEntry);
  }

  /** What creating one would do, step by step, without doing it. */
  public Mono<PlanContainerResponse> plan(CreateContainerRequest create) {
    return calls.unary(
        ContainersGrpc.getPlanContainerMethod(),
        PlanContainerRequest.newBuilder().setCreate(create).build());
  }
}
