package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import dev.caisson.executor.log.ContainerLog;
import dev.caisson.executor.log.LogReader;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.model.Operation;
import dev.caisson.proto.events.v1.AttachOpened;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.executor.v1.AttachContainer;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.executor.v1.CreateSandboxRequest;
import dev.caisson.proto.executor.v1.DeleteContainerRequest;
import dev.caisson.proto.executor.v1.DeleteSandboxRequest;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.executor.v1.PauseContainerRequest;
import dev.caisson.proto.executor.v1.PlanResponse;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.ResumeContainerRequest;
import dev.caisson.proto.executor.v1.Sandbox;
import dev.caisson.proto.executor.v1.SignalRequest;
import dev.caisson.proto.executor.v1.StartContainerRequest;
import dev.caisson.proto.executor.v1.UpdateContainerRequest;
import dev.caisson.proto.executor.v1.UpdateSandboxRequest;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Statistics;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Everything that can be done on this node, in the terms of the API. Requests have passed the
 * guard.
 *
 * <p>Thread-safe.
 */
public final class Node implements AutoCloseable {
  private final Sandboxes sandboxes;
  private final Containers containers;
  private final Views views;
  private final StatisticsReader statistics;
  private final Leases leases;
  private final PortForwards forwards;
  private final Findings findings;
  private final Recorder recorder;
  private final Host host;

  Node(
      Sandboxes sandboxes,
      Containers containers,
      Views views,
      StatisticsReader statistics,
      Leases leases,
      PortForwards forwards,
      Findings findings,
      Recorder recorder,
      Host host) {
    this.recorder = recorder;
    this.findings = findings;
    this.host = host;
    this.sandboxes = sandboxes;
    this.containers = containers;
    this.views = views;
    this.statistics = statistics;
    this.leases = leases;
    this.forwards = forwards;
  }

  /** Lets go of everything; nothing ends. */
  @Override
  public void close() {
    sandboxes.letGo();
  }

  public Sandbox createSandbox(CreateSandboxRequest request) {
    return Views.of(sandboxes.create(request));
  }

  public Sandbox sandbox(String tenant, String id) {
    return Views.of(sandboxes.require(tenant, id));
  }

  /** In the order of their keys, after the given one; without their annotations. */
  public Stream<Sandbox> sandboxes(String tenant, String after) {
    return sandboxes.after(tenant, after).map(Views::line);
  }

  /** What runs and cannot be reached, or was not taken up, each as a sentence. */
  public List<String> unreachable() {
    Stream<String> running =
        sandboxes.all().stream()
            .flatMap(one -> Stream.concat(one.unreachable().stream(), one.degraded().stream()));
    return Stream.concat(running, findings.sentences()).sorted().toList();
  }

  public void deleteSandbox(DeleteSandboxRequest request) {
    containers.deleteSandbox(request);
  }

  public Container createContainer(CreateContainerRequest request) {
    return Views.of(containers.create(request, false).container());
  }

  /** The container of an attached run: it ends when its caller leaves and does not come back. */
  public AttachedRun run(CreateContainerRequest request) {
    Containers.Made made = containers.create(request, true);
    return new AttachedRun(this, containers, made.container(), made.fresh(), Ask.of(request));
  }

  public Container startContainer(StartContainerRequest request) {
    var container = containers.require(request.getTenant(), request.getContainerId());
    containers.start(container, Ask.of(request));
    return Views.of(container);
  }

  public Container container(String tenant, String id) {
    return Views.of(containers.require(tenant, id));
  }

  /**
   * In the order of their keys, after the given one; without what their documents say. Of one
   * sandbox where its id is given.
   */
  public Stream<Container> containers(String tenant, String sandboxId, String after) {
    return containers
        .after(tenant, after)
        .map(Views::line)
        .filter(view -> sandboxId.isEmpty() || view.getSandboxId().equals(sandboxId));
  }

  /** Of a sandbox or container, in a list. */
  public static String key(String tenant, String id) {
    return Registry.key(tenant, id);
  }

  public CompletableFuture<ExitStatus> exit(String tenant, String id, String processId) {
    return containers.exit(containers.require(tenant, id), processId);
  }

  public void signal(SignalRequest request) {
    containers.signal(request);
  }

  public Container pauseContainer(PauseContainerRequest request) {
    var container = containers.require(request.getTenant(), request.getContainerId());
    containers.pause(container, Ask.of(request));
    return Views.of(container);
  }

  public Container resumeContainer(ResumeContainerRequest request) {
    var container = containers.require(request.getTenant(), request.getContainerId());
    containers.resume(container, Ask.of(request));
    return Views.of(container);
  }

  public Container updateContainer(UpdateContainerRequest request) {
    var container = containers.require(request.getTenant(), request.getContainerId());
    containers.update(container, request.getResources(), request.getQuota(), Ask.of(request));
    return Views.of(container);
  }

  public Sandbox updateSandbox(UpdateSandboxRequest request) {
    var sandbox = sandboxes.require(request.getTenant(), request.getSandboxId());
    sandboxes.update(sandbox, request.getResources(), request.getQuota(), Ask.of(request));
    return Views.of(sandbox);
  }

  public List<ProcessInfo> processes(String tenant, String id) {
    return views.processes(containers.require(tenant, id));
  }

  /** Those of a container; {@code memory.stat} too, if that is wanted. */
  public Statistics containerStatistics(String tenant, String id, boolean raw) {
    return statistics.of(containers.require(tenant, id), raw);
  }

  public Statistics sandboxStatistics(String tenant, String id, boolean raw) {
    return statistics.of(sandboxes.require(tenant, id), raw);
  }

  public void deleteContainer(DeleteContainerRequest request) {
    containers.delete(request);
  }

  public PlanResponse plan(CreateContainerRequest request) {
    Containers.Planned planned = containers.plan(request);
    Plan container = planned.container();
    return PlanResponse.newBuilder()
        .addAllSandboxSteps(planned.sandbox().map(Plan::text).orElse(List.of()))
        .addAllSteps(container.text())
        .setSha256(ByteString.copyFrom(container.sha256()))
        .addAllIgnored(Ignored.of(request, container))
        .build();
  }

  /**
   * Attaches to a container's first process, or to one that was exec'd in it. A run has its lease
   * from when its last caller leaves or has seen its end: then it is deleted.
   */
  public AttachedProcess attach(AttachContainer request) {
    var container = containers.require(request.getTenant(), request.getContainerId());
    String process = request.getProcessId();
    if (!Containers.isInit(process)) {
      ExecedProcess exec = Containers.requireExec(container, process);
      return attached(
          container,
          Recorder.event(container, process).setActor(request.getActor()),
          exec.streams(),
          () -> attach(container, exec, request.getActor()));
    }
    Containers.requireMade(container, Operation.ATTACH);
    AttachedProcess first =
        attached(
            container,
            Recorder.event(container, request.getActor()),
            container.streams(),
            () -> attach(container, request.getActor()));
    return first.afterRelease(() -> broken(container, request.getActor()));
  }

  private AttachedProcess attached(
      dev.caisson.executor.sandbox.Container container,
      Event.Builder event,
      Optional<ProcessStreams> streams,
      Supplier<AttachedProcess> effect) {
    List<String> names = streams.map(ProcessStreams::names).orElse(List.of());
    event.setAttachOpened(AttachOpened.newBuilder().addAllStreams(names));
    return container
        .attachments()
        .attach(
            () -> recorder.record(event, effect, attached -> event),
            () -> States.wrong(container, Operation.ATTACH, "it is being deleted"));
  }

  Executor deletions() {
    return host.deletions();
  }

  AttachedProcess attach(dev.caisson.executor.sandbox.Container container, Actor actor) {
    container.attachments().enter();
    leases.renew(container);
    return new AttachedProcess(
        () -> first(container),
        container.streams(),
        container.exit(),
        signal -> containers.signal(container, Containers.INIT, signal, Ask.part(actor)),
        () -> containers.detach(container),
        () -> {},
        () -> {
          var _ = container.attachments().leave();
        });
  }

  /** A caller of a run has gone. */
  void broken(dev.caisson.executor.sandbox.Container container, Actor actor) {
    if (container.record().getLeased() && container.attachments().isEmpty()) {
      leases.begin(container, actor);
    }
  }

  /** Begins to read a container's log, as soon as the reader is woken. */
  public LogReader readLogs(
      String tenant, String id, LogReader.Selection selection, LogReader.Client client) {
    ContainerLog log =
        containers
            .require(tenant, id)
            .log()
            .orElseThrow(() ->
                new Refusal(
                        Reason.NO_LOGS,
                        "Container " + id + " has no logs: create it with some.",
                        Map.of("container", id))
                    .exception());
    return new LogReader(log, selection, client, host.logs(), host.clock());
  }

  /** Opens a connection; waits for it. */
  public PortForward forward(ForwardPort request) {
    return forwards.open(
        containers.require(request.getTenant(), request.getContainerId()), request);
  }

  private ProcessInfo first(dev.caisson.executor.sandbox.Container container) {
    ContainerRecord record = container.record();
    return views
        .process(container, record.getPid(), record.getStartTicks(), Containers.INIT)
        .orElseGet(() -> ProcessInfo.newBuilder().setId(Containers.INIT).build());
  }

  /** What an earlier call of the same request has started is taken up, as by an attachment. */
  public AttachedProcess exec(ExecProcess request) {
    var container = containers.require(request.getTenant(), request.getContainerId());
    Containers.Execed execed = containers.exec(container, request);
    if (execed.fresh() || request.getDetach()) {
      return attach(container, execed.process(), request.getActor());
    }
    return attach(
        AttachContainer.newBuilder()
            .setActor(request.getActor())
            .setTenant(request.getTenant())
            .setContainerId(request.getContainerId())
            .setProcessId(execed.process().id())
            .build());
  }

  private AttachedProcess attach(
      dev.caisson.executor.sandbox.Container container, ExecedProcess exec, Actor actor) {
    exec.attachments().enter();
    leases.renew(container, exec);
    int pid = exec.record().getPid();
    long start = exec.record().getStartTicks();
    ProcessInfo known = ProcessInfo.newBuilder().setId(exec.id()).setPid(pid).build();
    return new AttachedProcess(
        () -> views.process(container, pid, start, exec.id()).orElse(known),
        exec.streams(),
        exec.exit(),
        signal -> containers.signal(container, exec.id(), signal, Ask.part(actor)),
        () -> {
          containers.detach(container, exec);
          leases.beginAtEnd(container, exec);
        },
        exec::told,
        () -> leave(container, exec));
  }

  /** What has been read to its end is closed at once; what may have left more is waited for. */
  private void leave(dev.caisson.executor.sandbox.Container container, ExecedProcess exec) {
    if (!exec.attachments().leave()) {
      return;
    }
    if (exec.isTold()) {
      Leases.close(container, exec);
    } else if (exec.exit().isDone() || !exec.record().getDetached()) {
      leases.begin(container, exec);
    }
  }
}
