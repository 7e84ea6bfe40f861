package dev.caisson.executor.rpc;

import dev.caisson.executor.log.LogReader;
import dev.caisson.executor.plan.Passed;
import dev.caisson.executor.sandbox.AttachedProcess;
import dev.caisson.executor.sandbox.AttachedRun;
import dev.caisson.executor.sandbox.Node;
import dev.caisson.executor.sandbox.PortForward;
import dev.caisson.proto.executor.v1.AttachContainer;
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
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.ListContainersRequest;
import dev.caisson.proto.executor.v1.ListContainersResponse;
import dev.caisson.proto.executor.v1.ListProcessesRequest;
import dev.caisson.proto.executor.v1.ListProcessesResponse;
import dev.caisson.proto.executor.v1.ListSandboxesRequest;
import dev.caisson.proto.executor.v1.ListSandboxesResponse;
import dev.caisson.proto.executor.v1.Output;
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
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.executor.v1.WaitRequest;
import dev.caisson.proto.executor.v1.WaitResponse;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.rpc.Peer;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * caisson.executor.v1: each call passes the guard, as if the gateway had been taken over, and goes
 * to the node.
 */
public final class ExecutorService extends ExecutorGrpc.ExecutorImplBase {
  private final Node node;
  private final Admission admission;
  private final GetNodeResponse identity;
  private final Executor workers;

  public ExecutorService(
      Node node, Admission admission, GetNodeResponse identity, Executor workers) {
    this.node = node;
    this.admission = admission;
    this.identity = identity;
    this.workers = workers;
  }

  private static <R> void answer(StreamObserver<R> responses, R response) {
    responses.onNext(response);
    responses.onCompleted();
  }

  /** What the caller asserts, and what was seen of it here. */
  private static Actor seen(Actor asserted) {
    return asserted.toBuilder().setPeer(Peer.current().map(Peer::user).orElse("")).build();
  }

  @Override
  public void getNode(GetNodeRequest request, StreamObserver<GetNodeResponse> responses) {
    answer(responses, identity.toBuilder().addAllMissing(node.unreachable()).build());
  }

  @Override
  public void createSandbox(CreateSandboxRequest request, StreamObserver<Sandbox> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("CreateSandbox", request, actor);
    answer(responses, node.createSandbox(request.toBuilder().setActor(actor).build()));
  }

  @Override
  public void getSandbox(GetSandboxRequest request, StreamObserver<Sandbox> responses) {
    admission.admit("GetSandbox", request, seen(Actor.getDefaultInstance()));
    answer(responses, node.sandbox(request.getTenant(), request.getSandboxId()));
  }

  @Override
  public void listSandboxes(
      ListSandboxesRequest request, StreamObserver<ListSandboxesResponse> responses) {
    admission.admit("ListSandboxes", request, seen(Actor.getDefaultInstance()));
    var part =
        Part.of(
            node.sandboxes(request.getTenant(), request.getAfter()),
            request.getLimit(),
            one -> Node.key(one.getTenant(), one.getId()));
    answer(
        responses,
        ListSandboxesResponse.newBuilder()
            .addAllSandboxes(part.items())
            .setNext(part.next())
            .build());
  }

  @Override
  public void deleteSandbox(
      DeleteSandboxRequest request, StreamObserver<DeleteSandboxResponse> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("DeleteSandbox", request, actor);
    node.deleteSandbox(request.toBuilder().setActor(actor).build());
    answer(responses, DeleteSandboxResponse.getDefaultInstance());
  }

  @Override
  public void createContainer(CreateContainerRequest request, StreamObserver<Container> responses) {
    answer(responses, node.createContainer(admitted(request)));
  }

  private CreateContainerRequest admitted(CreateContainerRequest request) {
    Actor actor = seen(request.getActor());
    admission.admit("CreateContainer", request, actor);
    return request.toBuilder().setActor(actor).build();
  }

  @Override
  public void startContainer(StartContainerRequest request, StreamObserver<Container> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("StartContainer", request, actor);
    answer(responses, node.startContainer(request.toBuilder().setActor(actor).build()));
  }

  @Override
  public void getContainer(GetContainerRequest request, StreamObserver<Container> responses) {
    admission.admit("GetContainer", request, seen(Actor.getDefaultInstance()));
    answer(responses, node.container(request.getTenant(), request.getContainerId()));
  }

  @Override
  public void listContainers(
      ListContainersRequest request, StreamObserver<ListContainersResponse> responses) {
    admission.admit("ListContainers", request, seen(Actor.getDefaultInstance()));
    var part =
        Part.of(
            node.containers(request.getTenant(), request.getSandboxId(), request.getAfter()),
            request.getLimit(),
            one -> Node.key(one.getTenant(), one.getId()));
    answer(
        responses,
        ListContainersResponse.newBuilder()
            .addAllContainers(part.items())
            .setNext(part.next())
            .build());
  }

  private static void tell(
      ServerCallStreamObserver<WaitResponse> caller,
      @Nullable ExitStatus status,
      @Nullable Throwable problem) {
    if (problem instanceof RuntimeException refused) {
      caller.onError(ErrorMapping.status(refused));
    } else if (status != null && !caller.isCancelled()) {
      answer(caller, WaitResponse.newBuilder().setStatus(status).build());
    }
  }

  /** Holds no thread while it waits. */
  @Override
  public void wait(WaitRequest request, StreamObserver<WaitResponse> responses) {
    admission.admit("Wait", request, seen(Actor.getDefaultInstance()));
    ServerCallStreamObserver<WaitResponse> caller =
        (ServerCallStreamObserver<WaitResponse>) responses;
    var told =
        node.exit(request.getTenant(), request.getContainerId(), request.getProcessId())
            .whenCompleteAsync(
                (status, problem) -> tell(caller, status, problem),
                Context.current().fixedContextExecutor(workers)); // for what is logged
    caller.setOnCancelHandler(() -> told.cancel(false));
  }

  @Override
  public void signal(SignalRequest request, StreamObserver<SignalResponse> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("Signal", request, actor);
    node.signal(request.toBuilder().setActor(actor).build());
    answer(responses, SignalResponse.getDefaultInstance());
  }

  @Override
  public void pauseContainer(PauseContainerRequest request, StreamObserver<Container> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("PauseContainer", request, actor);
    answer(responses, node.pauseContainer(request.toBuilder().setActor(actor).build()));
  }

  @Override
  public void resumeContainer(ResumeContainerRequest request, StreamObserver<Container> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("ResumeContainer", request, actor);
    answer(responses, node.resumeContainer(request.toBuilder().setActor(actor).build()));
  }

  @Override
  public void updateContainer(UpdateContainerRequest request, StreamObserver<Container> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("UpdateContainer", request, actor);
    answer(responses, node.updateContainer(request.toBuilder().setActor(actor).build()));
  }

  @Override
  public void updateSandbox(UpdateSandboxRequest request, StreamObserver<Sandbox> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("UpdateSandbox", request, actor);
    answer(responses, node.updateSandbox(request.toBuilder().setActor(actor).build()));
  }

  @Override
  public void listProcesses(
      ListProcessesRequest request, StreamObserver<ListProcessesResponse> responses) {
    admission.admit("ListProcesses", request, seen(Actor.getDefaultInstance()));
    answer(
        responses,
        ListProcessesResponse.newBuilder()
            .addAllProcesses(node.processes(request.getTenant(), request.getContainerId()))
            .build());
  }

  @Override
  public void getContainerStatistics(
      GetContainerStatisticsRequest request, StreamObserver<Statistics> responses) {
    admission.admit("GetContainerStatistics", request, seen(Actor.getDefaultInstance()));
    answer(
        responses,
        node.containerStatistics(request.getTenant(), request.getContainerId(), request.getRaw()));
  }

  @Override
  public void getSandboxStatistics(
      GetSandboxStatisticsRequest request, StreamObserver<Statistics> responses) {
    admission.admit("GetSandboxStatistics", request, seen(Actor.getDefaultInstance()));
    answer(
        responses,
        node.sandboxStatistics(request.getTenant(), request.getSandboxId(), request.getRaw()));
  }

  @Override
  public void deleteContainer(
      DeleteContainerRequest request, StreamObserver<DeleteContainerResponse> responses) {
    Actor actor = seen(request.getActor());
    admission.admit("DeleteContainer", request, actor);
    node.deleteContainer(request.toBuilder().setActor(actor).build());
    answer(responses, DeleteContainerResponse.getDefaultInstance());
  }

  @Override
  public void plan(PlanRequest request, StreamObserver<PlanResponse> responses) {
    answer(responses, node.plan(admitted(request.getCreate())));
  }

  /** Holds no thread while there is nothing to read, or the caller takes nothing. */
  @Override
  public void readLogs(ReadLogsRequest request, StreamObserver<ReadLogsResponse> responses) {
    admission.admit("ReadLogs", request, seen(Actor.getDefaultInstance()));
    ServerCallStreamObserver<ReadLogsResponse> caller =
        (ServerCallStreamObserver<ReadLogsResponse>) responses;
    LogReader reader =
        node.readLogs(
            request.getTenant(),
            request.getContainerId(),
            LogCall.selection(request),
            new LogCall(caller, request.getContainerId()));
    caller.setOnReadyHandler(reader::wake);
    caller.setOnCancelHandler(reader::close);
    reader.wake();
  }

  @Override
  public StreamObserver<RunRequest> run(StreamObserver<RunResponse> responses) {
    return AttachedCall.of(responses, new RunMethod(), workers);
  }

  @Override
  public StreamObserver<AttachRequest> attach(StreamObserver<AttachResponse> responses) {
    return AttachedCall.of(responses, new AttachMethod(), workers);
  }

  @Override
  public StreamObserver<ExecRequest> exec(StreamObserver<ExecResponse> responses) {
    return AttachedCall.of(responses, new ExecMethod(), workers);
  }

  @Override
  public StreamObserver<PortForwardRequest> portForward(
      StreamObserver<PortForwardResponse> responses) {
    return ForwardCall.of(
        responses,
        this::opened,
        message -> admission.admit("PortForward", message, seen(Actor.getDefaultInstance())));
  }

  private PortForward opened(PortForwardRequest first) {
    if (!first.hasForward()) {
      throw ErrorMapping.invalidForward();
    }
    Actor actor = seen(first.getForward().getActor());
    admission.admit("PortForward", first.getForward(), actor);
    return node.forward(first.getForward().toBuilder().setActor(actor).build());
  }

  private static AttachedCall.Attachment attachment(
      AttachedProcess process, Executor turns, Runnable afterExit, Runnable broken) {
    return new AttachedCall.Attachment(
        process.streams().orElse(null),
        process.exit(),
        process.signal(),
        turns,
        () -> {
          process.told().run();
          process.release().run();
          afterExit.run();
        },
        () -> {
          process.release().run();
          broken.run();
        },
        () -> {
          process.detach().run();
          process.release().run();
        });
  }

  private Input checked(Input input) {
    admission.admit("Input", input, seen(Actor.getDefaultInstance()));
    return input;
  }

  private static void nothing() {}

  /** The streams of a container that was created with pipes, or of an exec'd process. */
  private final class AttachMethod implements AttachedCall.Method<AttachRequest, AttachResponse> {
    @Override
    public AttachedCall.@Nullable Attachment begin(
        AttachRequest first, Consumer<AttachResponse> out) {
      if (!first.hasAttach()) {
        throw ErrorMapping.invalidStream();
      }
      AttachContainer attach = first.getAttach();
      Actor actor = seen(attach.getActor());
      admission.admit("Attach", attach, actor);
      return attachment(
          node.attach(attach.toBuilder().setActor(actor).build()),
          Runnable::run,
          ExecutorService::nothing,
          ExecutorService::nothing);
    }

    @Override
    public @Nullable Input input(AttachRequest message) {
      return message.hasInput() ? checked(message.getInput()) : null;
    }

    @Override
    public AttachResponse output(Output output) {
      return AttachResponse.newBuilder().setOutput(output).build();
    }

    @Override
    public AttachResponse exited(ExitStatus status) {
      return AttachResponse.newBuilder().setExited(status).build();
    }
  }

  /** A process in a running container. */
  private final class ExecMethod implements AttachedCall.Method<ExecRequest, ExecResponse> {
    @Override
    public AttachedCall.@Nullable Attachment begin(ExecRequest first, Consumer<ExecResponse> out) {
      if (!first.hasExec()) {
        throw ErrorMapping.invalidStream();
      }
      Actor actor = seen(first.getExec().getActor());
      admission.admit("Exec", first.getExec(), actor);
      AttachedProcess process = node.exec(first.getExec().toBuilder().setActor(actor).build());
      try {
        out.accept(ExecResponse.newBuilder().setStarted(process.info().get()).build());
      } catch (RuntimeException e) {
        process.release().run();
        throw e;
      }
      if (first.getExec().getDetach()) {
        process.release().run();
        return null;
      }
      return attachment(process, Runnable::run, ExecutorService::nothing, ExecutorService::nothing);
    }

    @Override
    public @Nullable Input input(ExecRequest message) {
      return message.hasInput() ? checked(message.getInput()) : null;
    }

    @Override
    public ExecResponse output(Output output) {
      return ExecResponse.newBuilder().setOutput(output).build();
    }

    @Override
    public ExecResponse exited(ExitStatus status) {
      return ExecResponse.newBuilder().setExited(status).build();
    }
  }

  /** A caller with streams of its own only waits. */
  private static CreateContainerRequest attachable(CreateContainerRequest run) {
    boolean own = Passed.namesStreams(run.getDonated());
    return run.toBuilder().setStdio(own ? StdioMode.DISCARD : StdioMode.PIPE).build();
  }

  /** A container from its creation to its deletion. */
  private final class RunMethod implements AttachedCall.Method<RunRequest, RunResponse> {
    @Override
    public AttachedCall.@Nullable Attachment begin(RunRequest first, Consumer<RunResponse> out) {
      if (!first.hasRun()) {
        throw ErrorMapping.invalidStream();
      }
      AttachedRun run = node.run(admitted(attachable(first.getRun())));
      try {
        Container created = run.view();
        AttachedProcess process = run.attach();
        Container started = run.start();
        // Both at once: waking the caller in between would slow the start down.
        out.accept(RunResponse.newBuilder().setCreated(created).build());
        out.accept(RunResponse.newBuilder().setStarted(started).build());
        return attachment(process, run::later, run::end, run::left);
      } catch (RuntimeException e) {
        run.giveUp();
        throw e;
      }
    }

    @Override
    public @Nullable Input input(RunRequest message) {
      return message.hasInput() ? checked(message.getInput()) : null;
    }

    @Override
    public RunResponse output(Output output) {
      return RunResponse.newBuilder().setOutput(output).build();
    }

    @Override
    public RunResponse exited(ExitStatus status) {
      return RunResponse.newBuilder().setExited(status).build();
    }
  }
}
