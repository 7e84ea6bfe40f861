package dev.caisson.gateway;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.proto.executor.v1.AttachRequest;
import dev.caisson.proto.executor.v1.AttachResponse;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteContainerResponse;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxResponse;
import dev.caisson.proto.executor.v1.EndOfData;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ExecRequest;
import dev.caisson.proto.executor.v1.ExecResponse;
import dev.caisson.proto.executor.v1.ExecutorGrpc;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.executor.v1.GetContainerRequest;
import dev.caisson.proto.executor.v1.GetContainerStatisticsRequest;
import dev.caisson.proto.executor.v1.GetNodeRequest;
import dev.caisson.proto.executor.v1.GetNodeResponse;
import dev.caisson.proto.executor.v1.GetSandboxRequest;
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListContainersResponse;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ListProcessesResponse;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesResponse;
import dev.caisson.proto.executor.v1.LogEntry;
import dev.caisson.proto.executor.v1.Output;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.PlanRequest;
import dev.caisson.proto.executor.v1.PlanResponse;
import dev.caisson.proto.executor.v1.PortForwardRequest;
import dev.caisson.proto.executor.v1.PortForwardResponse;
import dev.caisson.proto.executor.v1.PortOpened;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.executor.v1.ReadLogsRequest;
import dev.caisson.proto.executor.v1.ReadLogsResponse;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.executor.v1.RunResponse;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.SignalResponse;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.executor.v1.WaitRequest;
import dev.caisson.proto.executor.v1.WaitResponse;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.rpc.RpcErrors;
import dev.caisson.rpc.ServedRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * An executor without containers: it keeps their names and states. What a container does is its
 * first argument: {@code cat} gives its input back, {@code flood} writes for as long as it may.
 */
final class FakeExecutor extends ExecutorGrpc.ExecutorImplBase {
  static final int CHUNK = 64 * 1024;

  final NavigableMap<String, Sandbox> sandboxes = new ConcurrentSkipListMap<>();
  final NavigableMap<String, Container> containers = new ConcurrentSkipListMap<>();
  final Map<String, Statistics> statistics = new ConcurrentHashMap<>();
  final BlockingQueue<Actor> actors = new LinkedBlockingQueue<>();
  final BlockingQueue<Object> requests = new LinkedBlockingQueue<>();

  /** Of the calls that create a container. */
  final BlockingQueue<ServedRequest> names = new LinkedBlockingQueue<>();

  final AtomicInteger chunks = new AtomicInteger();
  final AtomicInteger received = new AtomicInteger();
  final CountDownLatch cancelled = new CountDownLatch(1);
  volatile StatusRuntimeException failure;

  /** Whether processes read nothing: of a stream only its beginning is taken. */
  volatile boolean deaf;

  /** Whether waiting lasts until the caller gives up. */
  volatile boolean hang;

  /** The next commands fail so. */
  void fail(Status.Code code, String reason, String message) {
    failure = error(code, reason, message);
  }

  void fail(Status.Code code, String reason, String message, Map<String, String> metadata) {
    failure = RpcErrors.of(code, "executor.caisson.dev", reason, message, metadata);
  }

  static StatusRuntimeException error(Status.Code code, String reason, String message) {
    return RpcErrors.of(code, "executor.caisson.dev", reason, message, Map.of("k", "v"));
  }

  void add(String tenant, String sandbox, String id) {
    containers.put(
        tenant + "/" + id,
        Container.newBuilder()
            .setTenant(tenant)
            .setSandboxId(sandbox)
            .setId(id)
            .setUid("uid-" + id)
            .setState(ContainerState.CREATED)
            .build());
  }

  @Override
  public void getNode(GetNodeRequest request, StreamObserver<GetNodeResponse> responses) {
    responses.onNext(GetNodeResponse.newBuilder().setNode("node-1").build());
    responses.onCompleted();
  }

  @Override
  public void getContainerStatistics(
      GetContainerStatisticsRequest request, StreamObserver<Statistics> responses) {
    Statistics known = statistics.get(request.getTenant() + "/" + request.getContainerId());
    if (known == null) {
      responses.onError(error(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", "There is none."));
      return;
    }
    responses.onNext(known);
    responses.onCompleted();
  }

  @Override
  public void createSandbox(CreateSandboxRequest request, StreamObserver<Sandbox> responses) {
    answer(
        request,
        responses,
        asked -> {
          actors.add(asked.getActor());
          Sandbox made =
              Sandbox.newBuilder()
                  .setTenant(asked.getTenant())
                  .setId(asked.getSandboxId())
                  .setUid("uid-" + asked.getSandboxId())
                  .putAllAnnotations(asked.getAnnotationsMap())
                  .addAllVolumes(asked.getVolumesList())
                  .addDegraded("a score")
                  .build();
          sandboxes.put(asked.getTenant() + "/" + asked.getSandboxId(), made);
          return made;
        });
  }

  @Override
  public void getSandbox(GetSandboxRequest request, StreamObserver<Sandbox> responses) {
    answer(request, responses, asked -> sandbox(asked.getTenant(), asked.getSandboxId()));
  }

  private static boolean isAfter(String after, String tenant, String id) {
    return (tenant + "/" + id).compareTo(after) > 0;
  }

  @Override
  public void listSandboxes(
      ListSandboxesRequest request, StreamObserver<ListSandboxesResponse> responses) {
    answer(
        request,
        responses,
        asked -> {
          List<Sandbox> rest =
              sandboxes.values().stream()
                  .filter(one -> one.getTenant().equals(asked.getTenant()))
                  .filter(one -> isAfter(asked.getAfter(), one.getTenant(), one.getId()))
                  .sorted(Comparator.comparing(Sandbox::getId))
                  .toList();
          ListSandboxesResponse.Builder answer =
              ListSandboxesResponse.newBuilder()
                  .addAllSandboxes(rest.stream().limit(asked.getLimit()).toList());
          return rest.size() > asked.getLimit()
              ? answer.setNext("t/" + rest.get(asked.getLimit() - 1).getId()).build()
              : answer.build();
        });
  }

  @Override
  public void deleteSandbox(
      DeleteSandboxRequest request, StreamObserver<DeleteSandboxResponse> responses) {
    answer(
        request,
        responses,
        asked -> {
          actors.add(asked.getActor());
          Sandbox gone = sandbox(asked.getTenant(), asked.getSandboxId());
          sandboxes.remove(gone.getTenant() + "/" + gone.getId());
          return DeleteSandboxResponse.getDefaultInstance();
        });
  }

  @Override
  public void createContainer(CreateContainerRequest request, StreamObserver<Container> responses) {
    ServedRequest.current().ifPresent(names::add);
    answer(request, responses, this::create);
  }

  @Override
  public void startContainer(StartContainerRequest request, StreamObserver<Container> responses) {
    actors.add(request.getActor());
    answer(
        request,
        responses,
        asked -> state(asked.getTenant(), asked.getContainerId(), ContainerState.RUNNING));
  }

  @Override
  public void getContainer(GetContainerRequest request, StreamObserver<Container> responses) {
    answer(request, responses, asked -> container(asked.getTenant(), asked.getContainerId()));
  }

  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> responses) {
    answer(
        request,
        responses,
        asked -> {
          List<Container> rest =
              containers.values().stream()
                  .filter(one ->
                      asked.getTenant().isEmpty() || one.getTenant().equals(asked.getTenant()))
                  .filter(one ->
                      asked.getSandboxId().isEmpty()
                          || asked.getSandboxId().equals(one.getSandboxId()))
                  .filter(one -> isAfter(asked.getAfter(), one.getTenant(), one.getId()))
                  .sorted(Comparator.comparing(Container::getId))
                  .toList();
          ListContainersResponse.Builder answer =
              ListContainersResponse.newBuilder()
                  .addAllContainers(rest.stream().limit(asked.getLimit()).toList());
          return rest.size() > asked.getLimit()
              ? answer.setNext("t/" + rest.get(asked.getLimit() - 1).getId()).build()
              : answer.build();
        });
  }

  @Override
  public void wait(WaitRequest request, StreamObserver<WaitResponse> responses) {
    if (hang) {
      requests.add(request);
      ((ServerCallStreamObserver<WaitResponse>) responses).setOnCancelHandler(cancelled::countDown);
      return;
    }
    answer(
        request,
        responses,
        asked -> {
          container(asked.getTenant(), asked.getContainerId());
          return WaitResponse.newBuilder().setStatus(ExitStatus.newBuilder().setCode(7)).build();
        });
  }

  @Override
  public void signal(SignalRequest request, StreamObserver<SignalResponse> responses) {
    actors.add(request.getActor());
    answer(
        request,
        responses,
        asked -> {
          container(asked.getTenant(), asked.getSandboxId(), asked.getContainerId());
          return SignalResponse.getDefaultInstance();
        });
  }

  @Override
  public void pauseContainer(PauseContainerRequest request, StreamObserver<Container> responses) {
    answer(
        request,
        responses,
        asked -> state(asked.getTenant(), asked.getContainerId(), ContainerState.PAUSED));
  }

  @Override
  public void resumeContainer(ResumeContainerRequest request, StreamObserver<Container> responses) {
    answer(
        request,
        responses,
        asked -> state(asked.getTenant(), asked.getContainerId(), ContainerState.RUNNING));
  }

  @Override
  public void updateContainer(UpdateContainerRequest request, StreamObserver<Container> responses) {
    answer(
        request,
        responses,
        asked -> {
          actors.add(asked.getActor());
          Container.Builder updated =
              container(asked.getTenant(), asked.getContainerId()).toBuilder();
          updated.getSpecBuilder().setResources(asked.getResources());
          return updated.build();
        });
  }

  @Override
  public void updateSandbox(UpdateSandboxRequest request, StreamObserver<Sandbox> responses) {
    answer(
        request,
        responses,
        asked -> {
          actors.add(asked.getActor());
          return sandbox(asked.getTenant(), asked.getSandboxId()).toBuilder()
              .setResources(asked.getResources())
              .build();
        });
  }

  @Override
  public void listProcesses(
      ListProcessesRequest request, StreamObserver<ListProcessesResponse> responses) {
    answer(
        request,
        responses,
        asked ->
            ListProcessesResponse.newBuilder()
                .addProcesses(
                    ProcessInfo.newBuilder()
                        .setId("init")
                        .setPid(container(asked.getTenant(), asked.getContainerId()).getPid())
                        .setContainerPid(1)
                        .setParentPid(2)
                        .setUid(3)
                        .setCommand("sh")
                        .setStartTime(Timestamp.newBuilder().setSeconds(4))
                        .setCpuNanos(5)
                        .setThreads(6)
                        .setGid(7)
                        .setContainerParentPid(8)
                        .setTty("pts/0")
                        .setCpuPercent(9)
                        .setUserNanos(10)
                        .setSystemNanos(11)
                        .setCgroup("/a"))
                .build());
  }

  @Override
  public void deleteContainer(
      DeleteContainerRequest request, StreamObserver<DeleteContainerResponse> responses) {
    answer(
        request,
        responses,
        asked -> {
          String key = asked.getTenant() + "/" + asked.getContainerId();
          if (!asked.getAllowMissing() || containers.containsKey(key)) {
            container(asked.getTenant(), asked.getSandboxId(), asked.getContainerId());
          }
          containers.remove(key);
          return DeleteContainerResponse.getDefaultInstance();
        });
  }

  /** Three entries; following, then no end. */
  @Override
  public void readLogs(ReadLogsRequest request, StreamObserver<ReadLogsResponse> responses) {
    requests.add(request);
    ServerCallStreamObserver<ReadLogsResponse> call =
        (ServerCallStreamObserver<ReadLogsResponse>) responses;
    call.setOnCancelHandler(cancelled::countDown);
    for (int i = 0; i < 3; i++) {
      LogEntry entry =
          LogEntry.newBuilder()
              .setTime(Timestamp.newBuilder().setSeconds(i))
              .setStream(i == 1 ? Output.Stream.STDERR : Output.Stream.STDOUT)
              .setData(ByteString.copyFromUtf8("line " + i))
              .setPartial(i == 0)
              .setNotice(i == 1)
              .build();
      call.onNext(ReadLogsResponse.newBuilder().setEntry(entry).build());
    }
    if (!request.getFollow()) {
      call.onCompleted();
    }
  }

  @Override
  public void plan(PlanRequest request, StreamObserver<PlanResponse> responses) {
    answer(
        request,
        responses,
        asked ->
            PlanResponse.newBuilder()
                .addSandboxSteps("clone3(CLONE_NEWUSER)")
                .addSteps("execve(\"" + asked.getCreate().getSpec().getProcess().getArgs(0) + "\")")
                .setSha256(ByteString.copyFromUtf8("hash"))
                .addAllIgnored(asked.getCreate().getIgnoredList())
                .build());
  }

  @Override
  public StreamObserver<RunRequest> run(StreamObserver<RunResponse> responses) {
    Program<RunResponse> process =
        new Program<>(
            responses,
            output -> RunResponse.newBuilder().setOutput(output).build(),
            exited -> RunResponse.newBuilder().setExited(exited).build());
    return new Requests<>(
        request -> {
          if (request.hasInput()) {
            process.input(request.getInput());
          } else {
            Container made = create(request.getRun());
            responses.onNext(RunResponse.newBuilder().setCreated(made).build());
            responses.onNext(RunResponse.newBuilder().setStarted(made).build());
            process.begin(request.getRun().getSpec().getProcess().getArgs(0));
          }
        },
        process);
  }

  @Override
  public StreamObserver<ExecRequest> exec(StreamObserver<ExecResponse> responses) {
    Program<ExecResponse> process =
        new Program<>(
            responses,
            output -> ExecResponse.newBuilder().setOutput(output).build(),
            exited -> ExecResponse.newBuilder().setExited(exited).build());
    return new Requests<>(
        request -> {
          if (request.hasInput()) {
            process.input(request.getInput());
          } else {
            exec(request.getExec(), responses, process);
          }
        },
        process);
  }

  private void exec(
      ExecProcess exec, StreamObserver<ExecResponse> responses, Program<ExecResponse> process) {
    requests.add(exec);
    actors.add(exec.getActor());
    container(exec.getTenant(), exec.getContainerId());
    responses.onNext(
        ExecResponse.newBuilder().setStarted(ProcessInfo.newBuilder().setId("e1")).build());
    if (exec.getDetach()) {
      responses.onCompleted();
    } else {
      process.begin(exec.getProcess().getArgs(0));
    }
  }

  @Override
  public StreamObserver<AttachRequest> attach(StreamObserver<AttachResponse> responses) {
    Program<AttachResponse> process =
        new Program<>(
            responses,
            output -> AttachResponse.newBuilder().setOutput(output).build(),
            exited -> AttachResponse.newBuilder().setExited(exited).build());
    return new Requests<>(
        request -> {
          if (request.hasInput()) {
            process.input(request.getInput());
          } else {
            requests.add(request.getAttach());
            container(request.getAttach().getTenant(), request.getAttach().getContainerId());
            process.begin("cat");
          }
        },
        process);
  }

  /** A server that gives back what it reads; of port 81 nobody listens. */
  @Override
  public StreamObserver<PortForwardRequest> portForward(
      StreamObserver<PortForwardResponse> responses) {
    ((ServerCallStreamObserver<PortForwardResponse>) responses)
        .setOnCancelHandler(cancelled::countDown);
    return new StreamObserver<>() {
      @Override
      public void onNext(PortForwardRequest request) {
        if (request.hasForward()) {
          begin(request.getForward());
        } else {
          responses.onNext(PortForwardResponse.newBuilder().setData(request.getData()).build());
        }
      }

      private void begin(ForwardPort forward) {
        requests.add(forward);
        actors.add(forward.getActor());
        container(forward.getTenant(), forward.getContainerId());
        if (forward.getPort() == 81) {
          responses.onError(error(Status.Code.FAILED_PRECONDITION, "PORT_CLOSED", "Nobody."));
        } else {
          PortOpened opened = PortOpened.newBuilder().setId("f1").build();
          responses.onNext(PortForwardResponse.newBuilder().setOpened(opened).build());
        }
      }

      @Override
      public void onError(Throwable error) {}

      @Override
      public void onCompleted() {
        EndOfData end = EndOfData.getDefaultInstance();
        responses.onNext(PortForwardResponse.newBuilder().setEndOfData(end).build());
        responses.onCompleted();
      }
    };
  }

  private Container create(CreateContainerRequest asked) {
    requests.add(asked);
    actors.add(asked.getActor());
    Container made =
        Container.newBuilder()
            .setTenant(asked.getTenant())
            .setId(asked.getContainerId())
            .setSandboxId(
                asked.getSandboxId().isEmpty() ? asked.getContainerId() : asked.getSandboxId())
            .setUid("uid-" + asked.getContainerId())
            .setState(ContainerState.CREATED)
            .setPid(asked.getStdio() == StdioMode.PIPE ? 2 : 1)
            .setSpec(asked.getSpec())
            .addAllIgnored(asked.getIgnoredList())
            .setLogDirectory(asked.hasLogs() ? "/logs/" + asked.getContainerId() : "")
            .build();
    containers.put(asked.getTenant() + "/" + asked.getContainerId(), made);
    return made;
  }

  private Container state(String tenant, String id, ContainerState state) {
    Container changed = container(tenant, id).toBuilder().setState(state).build();
    containers.put(tenant + "/" + id, changed);
    return changed;
  }

  private Container container(String tenant, String id) {
    Container found = containers.get(tenant + "/" + id);
    if (found == null) {
      throw error(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", "There is no container " + id);
    }
    return found;
  }

  private void container(String tenant, String sandboxId, String id) {
    if (!sandboxId.isEmpty() && !container(tenant, id).getSandboxId().equals(sandboxId)) {
      throw error(Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", "There is no container " + id);
    }
    var _ = container(tenant, id);
  }

  private Sandbox sandbox(String tenant, String id) {
    Sandbox found = sandboxes.get(tenant + "/" + id);
    if (found == null) {
      throw error(Status.Code.NOT_FOUND, "SANDBOX_NOT_FOUND", "There is no sandbox " + id);
    }
    return found;
  }

  private <Q, A> void answer(Q request, StreamObserver<A> responses, Function<Q, A> method) {
    requests.add(request);
    StatusRuntimeException injected = failure;
    if (injected != null) {
      throw injected;
    }
    responses.onNext(method.apply(request));
    responses.onCompleted();
  }

  /** What a process does with its streams. */
  private final class Program<A> {
    private final ServerCallStreamObserver<A> call;
    private final Function<Output, A> output;
    private final Function<ExitStatus, A> exited;
    private volatile boolean flooding;

    Program(
        StreamObserver<A> responses, Function<Output, A> output, Function<ExitStatus, A> exited) {
      this.call = (ServerCallStreamObserver<A>) responses;
      this.output = output;
      this.exited = exited;
      call.setOnCancelHandler(cancelled::countDown);
      call.setOnReadyHandler(this::flood);
      if (deaf) {
        call.disableAutoRequest();
        call.request(1);
      }
    }

    void begin(String program) {
      switch (program) {
        case "cat" -> {}
        case "flood" -> {
          flooding = true;
          flood();
        }
        default -> end(0);
      }
    }

    void input(Input input) {
      received.incrementAndGet();
      if (input.getDetach()) {
        call.onCompleted();
        return;
      }
      if (!input.getStdin().isEmpty()) {
        send(input.getStdin());
      }
      if (input.hasResize()) {
        ConsoleSize size = input.getResize();
        send(ByteString.copyFromUtf8(size.getHeight() + " rows, " + size.getWidth() + " columns"));
      }
      if (input.getSignal() != 0) {
        end(128 + input.getSignal());
      } else if (input.getStdinEof()) {
        end(0);
      }
    }

    private void end(int code) {
      call.onNext(exited.apply(ExitStatus.newBuilder().setCode(code).build()));
      call.onCompleted();
    }

    private synchronized void flood() {
      while (flooding && call.isReady() && !call.isCancelled()) {
        send(ByteString.copyFrom(new byte[CHUNK]));
        chunks.incrementAndGet();
      }
    }

    private void send(ByteString data) {
      call.onNext(
          output.apply(Output.newBuilder().setStream(Output.Stream.STDOUT).setData(data).build()));
    }
  }

  private record Requests<Q>(Consumer<Q> receiver, Object process) implements StreamObserver<Q> {
    @Override
    public void onNext(Q request) {
      receiver.accept(request);
    }

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onCompleted() {}
  }

  /** The last request of that kind. */
  <Q> Q last(Class<Q> kind) {
    List<Q> all = requests.stream().filter(kind::isInstance).map(kind::cast).toList();
    return all.getLast();
  }
}
