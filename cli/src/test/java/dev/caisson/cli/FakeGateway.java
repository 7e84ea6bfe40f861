package dev.caisson.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.IgnoredField;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.AttachContainerRequest;
import dev.caisson.proto.v1.AttachContainerResponse;
import dev.caisson.proto.v1.Container;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.DeleteContainerResponse;
import dev.caisson.proto.v1.EndOfData;
import dev.caisson.proto.v1.Exec;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.ForwardPort;
import dev.caisson.proto.v1.GetContainerRequest;
import dev.caisson.proto.v1.Input;
import dev.caisson.proto.v1.ListContainerStatisticsRequest;
import dev.caisson.proto.v1.ListContainerStatisticsResponse;
import dev.caisson.proto.v1.ListContainersRequest;
import dev.caisson.proto.v1.ListContainersResponse;
import dev.caisson.proto.v1.ListProcessesRequest;
import dev.caisson.proto.v1.ListProcessesResponse;
import dev.caisson.proto.v1.LogEntry;
import dev.caisson.proto.v1.NamedStatistics;
import dev.caisson.proto.v1.Output;
import dev.caisson.proto.v1.PlanContainerRequest;
import dev.caisson.proto.v1.PlanContainerResponse;
import dev.caisson.proto.v1.PortForwardRequest;
import dev.caisson.proto.v1.PortForwardResponse;
import dev.caisson.proto.v1.PortOpened;
import dev.caisson.proto.v1.Process;
import dev.caisson.proto.v1.ReadLogsRequest;
import dev.caisson.proto.v1.ReadLogsResponse;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import dev.caisson.proto.v1.SignalContainerRequest;
import dev.caisson.proto.v1.SignalContainerResponse;
import dev.caisson.proto.v1.StartContainerRequest;
import dev.caisson.proto.v1.UpdateContainerRequest;
import dev.caisson.proto.v1.WaitContainerRequest;
import dev.caisson.proto.v1.WaitContainerResponse;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A gateway whose containers are played, not run: the program `cat` answers its input, `signal`
 * ends by the first signal that comes, `exit N` ends with N, `missing` is not there, and `pending`
 * is never made.
 */
final class FakeGateway extends ContainersGrpc.ContainersImplBase implements AutoCloseable {
  /** Of every process. */
  static final int PID = 4321;

  private static final int PAGE = 2;

  final List<CreateContainerRequest> created = new CopyOnWriteArrayList<>();
  final List<Exec> executed = new CopyOnWriteArrayList<>();
  final List<UpdateContainerRequest> updates = new CopyOnWriteArrayList<>();
  final List<SignalContainerRequest> signals = new CopyOnWriteArrayList<>();
  final List<ConsoleSize> sizes = new CopyOnWriteArrayList<>();
  final Map<String, Container> containers = new ConcurrentHashMap<>();

  /** What every document is said to have without effect. */
  final List<IgnoredField> ignored = new CopyOnWriteArrayList<>();

  /** Told when a `pending` one was asked for, and when its caller has left. */
  final CompletableFuture<Void> pending = new CompletableFuture<>();

  final CompletableFuture<Void> left = new CompletableFuture<>();

  /** Whether waiting lasts until {@link #end}. */
  volatile boolean lasting;

  final CompletableFuture<ExitStatus> end = new CompletableFuture<>();

  /** Open now. */
  final AtomicInteger forwarded = new AtomicInteger();

  final FakeAuditor auditor = new FakeAuditor();
  private final GrpcServer server;
  final Path data;

  FakeGateway(Path data) throws IOException {
    this.data = data;
    Path directory = Files.createDirectories(data.resolve("run/gateway"));
    server =
        GrpcServer.unix(directory.resolve("gateway.sock")).services(List.of(this, auditor)).start();
  }

  @Override
  public void close() {
    server.close();
  }

  void has(String id, ContainerState state, ExitStatus exit) {
    String name = "tenants/default/sandboxes/" + id + "/containers/" + id;
    containers.put(
        id,
        Container.newBuilder()
            .setName(name)
            .setState(state)
            .setPid(state == ContainerState.STOPPED ? 0 : PID)
            .setExit(exit)
            .build());
  }

  boolean has(String id) {
    return containers.containsKey(id);
  }

  @Override
  public void createContainer(CreateContainerRequest request, StreamObserver<Container> answer) {
    created.add(request);
    has(request.getContainerId(), ContainerState.CREATED, ExitStatus.getDefaultInstance());
    reply(
        answer,
        containers.get(request.getContainerId()).toBuilder().addAllIgnored(ignored).build());
  }

  @Override
  public void planContainer(
      PlanContainerRequest request, StreamObserver<PlanContainerResponse> answer) {
    reply(
        answer,
        PlanContainerResponse.newBuilder().addSteps("execve()").addAllIgnored(ignored).build());
  }

  @Override
  public void startContainer(StartContainerRequest request, StreamObserver<Container> answer) {
    reply(answer, known(request.getName()).toBuilder().setState(ContainerState.RUNNING).build());
  }

  @Override
  public void getContainer(GetContainerRequest request, StreamObserver<Container> answer) {
    reply(answer, known(request.getName()));
  }

  @Override
  public void updateContainer(UpdateContainerRequest request, StreamObserver<Container> answer) {
    updates.add(request);
    Container before = known(request.getContainer().getName());
    Container.Builder after = before.toBuilder();
    after.getSpecBuilder().mergeFrom(request.getContainer().getSpec());
    reply(answer, after.build());
  }

  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> answer) {
    List<Container> all = containers.values().stream().toList();
    int from = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
    int to = Math.min(from + PAGE, all.size());
    reply(
        answer,
        ListContainersResponse.newBuilder()
            .addAllContainers(all.subList(from, to))
            .setNextPageToken(to < all.size() ? String.valueOf(to) : "")
            .build());
  }

  final List<ListContainerStatisticsRequest> statisticsRead = new CopyOnWriteArrayList<>();

  /** Each time that the first page is asked for, a second later, of which a quarter was used. */
  private final AtomicInteger second = new AtomicInteger();

  @Override
  public void listContainerStatistics(
      ListContainerStatisticsRequest request,
      StreamObserver<ListContainerStatisticsResponse> answer) {
    statisticsRead.add(request);
    List<Container> all = containers.values().stream().toList();
    int from = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
    int to = Math.min(from + PAGE, all.size());
    int now = from == 0 ? second.incrementAndGet() : second.get();
    ListContainerStatisticsResponse.Builder page = ListContainerStatisticsResponse.newBuilder();
    all.subList(from, to).forEach(one -> page.addStatistics(statistics(one, now)));
    reply(answer, page.setNextPageToken(to < all.size() ? String.valueOf(to) : "").build());
  }

  private static NamedStatistics statistics(Container of, int second) {
    NamedStatistics.Builder named = NamedStatistics.newBuilder().setName(of.getName());
    Statistics.Builder one = named.getStatisticsBuilder();
    one.setTime(Timestamp.newBuilder().setSeconds(second));
    one.getCpuBuilder().setUsageNanoseconds(second * 250_000_000L);
    one.getMemoryBuilder().setUsageBytes(1_572_864).setLimitBytes(64L << 20);
    one.getPidsBuilder().setCurrent(3);
    return named.build();
  }

  @Override
  public void waitContainer(
      WaitContainerRequest request, StreamObserver<WaitContainerResponse> answer) {
    if (lasting) {
      known(request.getName());
      var _ =
          end.thenAccept(status ->
              reply(answer, WaitContainerResponse.newBuilder().setStatus(status).build()));
      return;
    }
    reply(
        answer,
        WaitContainerResponse.newBuilder().setStatus(known(request.getName()).getExit()).build());
  }

  @Override
  public void signalContainer(
      SignalContainerRequest request, StreamObserver<SignalContainerResponse> answer) {
    known(request.getName());
    signals.add(request);
    reply(answer, SignalContainerResponse.getDefaultInstance());
  }

  /** One, at a terminal. */
  @Override
  public void listProcesses(
      ListProcessesRequest request, StreamObserver<ListProcessesResponse> answer) {
    known(request.getName());
    reply(
        answer,
        ListProcessesResponse.newBuilder()
            .addProcesses(
                Process.newBuilder()
                    .setId("init")
                    .setPid(PID)
                    .setContainerPid(1)
                    .setUid(343)
                    .setCommand("sh")
                    .setStartTime(Timestamp.newBuilder().setSeconds(981_173_106))
                    .setCpuNanos(83_450_000_000L)
                    .setThreads(2)
                    .setTty("pts/0")
                    .setCpuPercent(150)
                    .setCgroup("/"))
            .build());
  }

  @Override
  public void deleteContainer(
      DeleteContainerRequest request, StreamObserver<DeleteContainerResponse> answer) {
    if (!request.getAllowMissing()) {
      known(request.getName());
    }
    containers.remove(Names.id(request.getName()));
    reply(answer, DeleteContainerResponse.getDefaultInstance());
  }

  @Override
  public StreamObserver<RunContainerRequest> runContainer(
      StreamObserver<RunContainerResponse> out) {
    return new Played(out);
  }

  /** Each ends at once, and well. A detached one is only told of. */
  @Override
  public StreamObserver<ExecContainerRequest> execContainer(
      StreamObserver<ExecContainerResponse> out) {
    return new StreamObserver<>() {
      @Override
      public void onNext(ExecContainerRequest request) {
        if (request.hasExec()) {
          executed.add(request.getExec());
          Process process = Process.newBuilder().setId("exec-1").setPid(PID).build();
          out.onNext(ExecContainerResponse.newBuilder().setStarted(process).build());
          if (!request.getExec().getDetach()) {
            out.onNext(
                ExecContainerResponse.newBuilder()
                    .setExited(ExitStatus.getDefaultInstance())
                    .build());
          }
          out.onCompleted();
        }
      }

      @Override
      public void onError(Throwable gone) {}

      @Override
      public void onCompleted() {}
    };
  }

  final List<ReadLogsRequest> logsRead = new CopyOnWriteArrayList<>();

  @Override
  public void readLogs(ReadLogsRequest request, StreamObserver<ReadLogsResponse> out) {
    known(request.getName());
    logsRead.add(request);
    for (LogEntry.Builder entry :
        List.of(
            entry("half ", Output.Stream.STDOUT).setPartial(true),
            entry("to err", Output.Stream.STDERR),
            entry("line", Output.Stream.STDOUT),
            entry("3 bytes are missing", Output.Stream.STDERR).setNotice(true),
            entry("rest", Output.Stream.STDOUT).setPartial(true))) {
      out.onNext(ReadLogsResponse.newBuilder().setEntry(entry).build());
    }
    out.onCompleted();
  }

  private static LogEntry.Builder entry(String text, Output.Stream stream) {
    return LogEntry.newBuilder()
        .setTime(Timestamp.newBuilder().setSeconds(1))
        .setStream(stream)
        .setData(ByteString.copyFromUtf8(text));
  }

  /** Says what it was asked, gives input back, and ends with its input, or by a signal. */
  @Override
  public StreamObserver<AttachContainerRequest> attachContainer(
      StreamObserver<AttachContainerResponse> out) {
    return new StreamObserver<>() {
      @Override
      public void onNext(AttachContainerRequest request) {
        Input input = request.getInput();
        if (request.hasAttach()) {
          known(request.getAttach());
          output("attached " + request.getProcessId() + "\n");
        } else if (input.getStdinEof() || input.getSignal() != 0) {
          exit(ExitStatus.newBuilder().setCode(4).setSignal(input.getSignal()).build());
        } else if (input.hasResize()) {
          sizes.add(input.getResize());
        } else {
          output(input.getStdin().toStringUtf8());
        }
      }

      private void output(String text) {
        Output.Builder output =
            Output.newBuilder()
                .setStream(Output.Stream.STDOUT)
                .setData(ByteString.copyFromUtf8(text));
        out.onNext(AttachContainerResponse.newBuilder().setOutput(output).build());
      }

      private void exit(ExitStatus status) {
        out.onNext(AttachContainerResponse.newBuilder().setExited(status).build());
        out.onCompleted();
      }

      @Override
      public void onError(Throwable gone) {}

      @Override
      public void onCompleted() {}
    };
  }

  /** A server that gives back what it reads, and then says which port it is. Not of port 81. */
  @Override
  public StreamObserver<PortForwardRequest> portForward(StreamObserver<PortForwardResponse> out) {
    ServerCallStreamObserver<PortForwardResponse> call =
        (ServerCallStreamObserver<PortForwardResponse>) out;
    call.setOnCancelHandler(forwarded::decrementAndGet);
    return new StreamObserver<>() {
      private int port;

      @Override
      public void onNext(PortForwardRequest request) {
        if (request.hasForward()) {
          begin(request.getForward());
        } else {
          send(request.getData());
        }
      }

      private void begin(ForwardPort forward) {
        known(forward.getName());
        port = forward.getPort();
        if (port == 81) {
          throw RpcErrors.of(
              Status.Code.FAILED_PRECONDITION, "caisson.dev", "PORT_CLOSED", "Nobody.", Map.of());
        }
        forwarded.incrementAndGet();
        out.onNext(
            PortForwardResponse.newBuilder().setOpened(PortOpened.getDefaultInstance()).build());
      }

      private void send(ByteString data) {
        out.onNext(PortForwardResponse.newBuilder().setData(data).build());
      }

      @Override
      public void onError(Throwable gone) {}

      @Override
      public void onCompleted() {
        send(ByteString.copyFromUtf8("of " + port));
        EndOfData ended = EndOfData.getDefaultInstance();
        out.onNext(PortForwardResponse.newBuilder().setEndOfData(ended).build());
        out.onCompleted();
        forwarded.decrementAndGet();
      }
    };
  }

  private Container known(String name) {
    Container container = containers.get(Names.id(name));
    if (container == null) {
      throw refusal(
          Status.Code.NOT_FOUND, "CONTAINER_NOT_FOUND", "There is no container " + Names.id(name));
    }
    return container;
  }

  private static StatusRuntimeException refusal(Status.Code code, String reason, String message) {
    return RpcErrors.of(code, "caisson.dev", reason, message, Map.of());
  }

  private static <R> void reply(StreamObserver<R> answer, R message) {
    answer.onNext(message);
    answer.onCompleted();
  }

  /** One run container, by the words of its program. */
  private final class Played implements StreamObserver<RunContainerRequest> {
    private final StreamObserver<RunContainerResponse> out;
    private String program = "";

    Played(StreamObserver<RunContainerResponse> out) {
      this.out = out;
    }

    @Override
    public void onNext(RunContainerRequest request) {
      if (request.hasCreate()) {
        begin(request.getCreate());
      } else {
        input(request.getInput());
      }
    }

    private void begin(CreateContainerRequest create) {
      created.add(create);
      program = create.getContainer().getOci().getConfigJson().toStringUtf8();
      if (program.contains("\"missing\"")) {
        out.onError(
            refusal(
                Status.Code.NOT_FOUND,
                "COMMAND_NOT_FOUND",
                "There is no missing in the container"));
        return;
      }
      if (program.contains("\"pending\"")) {
        pending.complete(null);
        return;
      }
      Container made = Container.newBuilder().setPid(PID).addAllIgnored(ignored).build();
      out.onNext(RunContainerResponse.newBuilder().setCreated(made).build());
      out.onNext(
          RunContainerResponse.newBuilder().setStarted(Container.getDefaultInstance()).build());
      if (program.contains("\"exit\",\"7\"")) {
        output(Output.Stream.STDERR, ByteString.copyFromUtf8("seven"));
        exit(ExitStatus.newBuilder().setCode(7).build());
      } else if (program.contains("\"signal\"")) {
        output(Output.Stream.STDOUT, ByteString.copyFromUtf8("ready\n"));
      }
    }

    private void input(Input input) {
      if (input.getDetach()) {
        out.onCompleted();
        return;
      }
      if (input.hasResize()) {
        sizes.add(input.getResize());
        output(Output.Stream.STDOUT, ByteString.copyFromUtf8("resized\r\n"));
      }
      if (program.contains("\"signal\"") && input.getSignal() != 0) {
        exit(ExitStatus.newBuilder().setSignal(input.getSignal()).build());
      } else if (program.contains("\"cat\"") && input.getStdinEof()) {
        exit(ExitStatus.getDefaultInstance());
      } else if (program.contains("\"cat\"") && input.getSignal() == 0) {
        output(Output.Stream.STDOUT, input.getStdin());
      }
    }

    private void output(Output.Stream stream, ByteString data) {
      out.onNext(
          RunContainerResponse.newBuilder()
              .setOutput(Output.newBuilder().setStream(stream).setData(data))
              .build());
    }

    private void exit(ExitStatus status) {
      out.onNext(RunContainerResponse.newBuilder().setExited(status).build());
      out.onCompleted();
    }

    @Override
    public void onError(Throwable gone) {
      left.complete(null);
    }

    @Override
    public void onCompleted() {}
  }
}
