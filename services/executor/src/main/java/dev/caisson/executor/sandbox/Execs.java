package dev.caisson.executor.sandbox;

import com.google.protobuf.ByteString;
import dev.caisson.executor.donation.Donations;
import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.init.StartedProcess;
import dev.caisson.executor.plan.CompiledPlan;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.Donation;
import dev.caisson.executor.plan.ExecFacts;
import dev.caisson.executor.plan.ExecPlan;
import dev.caisson.executor.plan.HookPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.ProcessRecord;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Pair;
import dev.caisson.model.Operation;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.ExecStarted;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Process;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Starts processes in running containers. In the sandbox's queue, which is left while a container
 * is waited for: it may stop, freeze or hold up what is started in it.
 */
final class Execs {
  /** In which something can be executed in a container: also a hook, before the start. */
  private static final Set<ContainerState> ABLE =
      Set.of(ContainerState.CREATING, ContainerState.CREATED, ContainerState.RUNNING);

  private final Host host;
  private final Donor donor;
  private final Recorder recorder;
  private final Exits exits;
  private final Facts facts;
  private final Notifications notifications;
  private final PlanCache plans;
  private final Donations donations;
  private final GuardPolicy.Limits limits;
  private final Redaction redaction;

  Execs(
      Host host,
      Donor donor,
      Recorder recorder,
      Exits exits,
      Facts facts,
      Notifications notifications,
      PlanCache plans,
      Donations donations,
      Redaction redaction,
      GuardPolicy.Limits limits) {
    this.redaction = redaction;
    this.host = host;
    this.donor = donor;
    this.recorder = recorder;
    this.exits = exits;
    this.facts = facts;
    this.notifications = notifications;
    this.plans = plans;
    this.donations = donations;
    this.limits = limits;
  }

  /**
   * What an earlier call of the same request has started; one that is starting it is waited for.
   *
   * @throws RefusedException when it was another request, or the process is not known any more
   */
  Optional<ExecedProcess> earlier(Container container, ExecProcess request, Ask ask) {
    String requestId = request.getActor().getRequestId();
    if (requestId.isEmpty()) {
      return Optional.empty();
    }
    awaitStart(container, requestId);
    Optional<ExecedProcess> found =
        container.execs().values().stream()
            .filter(exec -> exec.record().getRequestId().equals(requestId))
            .findFirst();
    found.ifPresent(exec -> Digests.requireSame(exec.record().getRequestSha256(), digest(request)));
    if (found.isEmpty() && recorder.isDone(ask)) {
      throw new Refusal(
              Reason.PROCESS_NOT_FOUND,
              "This very request has started a process that is not known any more: to start"
                  + " another, take a new request id.",
              Map.of("container", container.record().getId()))
          .exception();
    }
    return found;
  }

  /** Its call has left its turn, for as long as the container takes. */
  private void awaitStart(Container container, String requestId) {
    Set<String> starting = container.startingExecs();
    if (!container
        .sandbox()
        .queue()
        .await(host.settings().stepTimeout(), () -> !starting.contains(requestId))) {
      throw new Refusal(
              Reason.NOT_READY,
              "An earlier call of this very request is still starting its process: call again.",
              Map.of("container", container.record().getId()))
          .exception();
    }
  }

  private static ByteString digest(ExecProcess request) {
    return Digests.of(request.toBuilder().clearActor().build());
  }

  /** Nothing is left of one that fails. */
  ExecedProcess start(Container container, ExecProcess request, Ask ask, String id, long token) {
    String requestId = request.getActor().getRequestId();
    container.startingExecs().add(requestId);
    try {
      return startNew(container, request, ask, id, token);
    } finally {
      container.startingExecs().remove(requestId);
    }
  }

  private ExecedProcess startNew(
      Container container, ExecProcess request, Ask ask, String id, long token) {
    var _ = States.require(container, Operation.EXEC);
    var _ = container.sandbox().requireHolder();
    requireRoom(container.sandbox());
    ContainerSpec spec = Scores.completed(container.record().getSpec(), container.sandbox());
    Process process = ExecPlan.complete(request.getProcess(), spec, request.getAddEnvList());
    Identity.require(process, container.sandbox().record());
    Streams streams =
        Streams.ofExec(request.getDetach(), request.getDonated(), process.getTerminal());
    ExecFacts known = facts.exec(container.cgroup(), streams, process, spec);
    CompiledPlan plan =
        plans.get(List.of(process, spec, known), () -> ExecPlan.compile(process, spec, known));
    ProcessRecord draft =
        ProcessRecord.newBuilder()
            .setId(id)
            .setToken(token)
            .addAllArgs(redaction.args(process.getArgsList()))
            .setStartTime(Exits.timestamp(host.clock().instant()))
            .setRequestId(request.getActor().getRequestId())
            .setRequestSha256(digest(request))
            .build();
    container.sandbox().starting(container, token);
    try (Given given = Given.take(donations, request.getDonated())) {
      given.requireUnchangeable(host, container.sandbox().record());
      return recorder.record(
          Recorder.asked(Recorder.event(container, id), ask)
              .setExecStarted(started(process, 0, given)),
          () -> launch(container, plan, draft, new Asked(process, streams.attachable(), given)),
          exec ->
              Recorder.asked(Recorder.event(container, id), ask)
                  .setExecStarted(started(process, exec.record().getPid(), given)));
    } finally {
      container.sandbox().started(token);
    }
  }

  private void requireRoom(Sandbox sandbox) {
    long running =
        sandbox.containers().stream()
            .flatMap(container -> container.execs().values().stream())
            .filter(ExecedProcess::isHeld)
            .count();
    if (running + sandbox.startingCount() >= limits.execsPerSandbox()) {
      throw Refusal.limit(
              "execs",
              "At most " + limits.execsPerSandbox() + " exec'd processes may run in one sandbox.")
          .exception();
    }
  }

  private ExecStarted started(Process process, int pid, Given given) {
    return ExecStarted.newBuilder()
        .setPid(pid)
        .addAllArgs(redaction.args(process.getArgsList()))
        .setUid(process.getUser().getUid())
        .setGid(process.getUser().getGid())
        .setTerminal(process.getTerminal())
        .addAllDonated(given.events())
        .build();
  }

  /**
   * What the process is to be.
   *
   * @param attachable whether somebody attaches to its streams
   * @param given what a local caller gives it
   */
  private record Asked(Process process, boolean attachable, Given given) {
    Stdio stdio(Host host) {
      return given.hasStreams()
          ? Stdio.given(given.streams(host))
          : Stdio.of(Stdio.Kind.of(attachable || given.hasConsole(), process), host);
    }
  }

  private ExecedProcess launch(
      Container container, CompiledPlan plan, ProcessRecord draft, Asked asked) {
    try (Rollback rollback = new Rollback()) {
      Stdio stdio = asked.stdio(host);
      rollback.onFailure("stdio", stdio::close);
      Executed executed = run(container, plan, asked, draft, stdio, rollback, Turn.LEFT);
      StartedProcess process = executed.process();
      Stdio ours = executed.stdio();
      rollback.onFailure("held", () -> Exits.drop(container, draft.getToken()));
      // Unlike a container's gate and page, which are of no use here any more.
      ours.hold(container.sandbox().requireHolder().client(), draft.getToken(), List.of());
      ProcessRecord record =
          draft.toBuilder().setPid(executed.pid()).setStartTicks(executed.startTicks()).build();
      ExecedProcess exec =
          new ExecedProcess(
              record, process.pidfd(), ours.streams(host, container.sandbox(), draft.getToken()));
      rollback.onFailure("streams", () -> Leases.close(container, exec));
      keep(container, exec);
      exits.expect(container, exec);
      rollback.keep();
      return exec;
    } catch (RuntimeException e) {
      throw Waiting.told(e);
    }
  }

  /** In the place of those that ended long ago: the record has a bound. */
  private void keep(Container container, ExecedProcess exec) {
    Set<String> outdated = container.outdated();
    ContainerRecord others = ExecedProcess.forgotten(container.record(), outdated);
    ContainerRecord next = ExecedProcess.stored(others, exec.record());
    host.store().put(next);
    container.record(next);
    container.execs().keySet().removeAll(outdated);
    container.execs().put(exec.id(), exec);
  }

  /** A process that executes its program, with the streams that it has. */
  private record Executed(StartedProcess process, int pid, long startTicks, Stdio stdio) {}

  /** What becomes of the turn while there is a wait for what a container may hold up. */
  private enum Turn {
    /** It is part of something else. */
    KEPT("hook") {
      @Override
      <T> T waiting(Container container, Supplier<T> wait) {
        return wait.get();
      }
    },
    /** The container can still be signalled, paused and deleted. */
    LEFT("exec") {
      @Override
      <T> T waiting(Container container, Supplier<T> wait) {
        Sandbox sandbox = container.sandbox();
        T awaited = sandbox.queue().outside(wait);
        if (!sandbox.containersByUid().containsKey(container.uid())) {
          throw States.wrong(container, Operation.EXEC, "it has been deleted meanwhile");
        }
        return awaited;
      }
    };

    final String why;

    Turn(String why) {
      this.why = why;
    }

    abstract <T> T waiting(Container container, Supplier<T> wait);
  }

  /**
   * Starts a hook of the container's own, where no process of it need run yet.
   *
   * @param stdio closed here
   */
  StartedProcess runHook(Container container, Hook hook, long token, Stdio stdio) {
    try (Rollback rollback = new Rollback()) {
      rollback.onFailure("stdio", stdio::close);
      ContainerSpec spec = Scores.completed(container.record().getSpec(), container.sandbox());
      Process process = HookPlan.process(hook, spec);
      ExecFacts known = facts.exec(container.cgroup(), Streams.ATTACHABLE, process, spec);
      CompiledPlan plan =
          plans.get(List.of(hook, spec, known), () -> HookPlan.asContainer(hook, spec, known));
      Asked asked = new Asked(process, true, Given.none());
      ProcessRecord unnamed = ProcessRecord.newBuilder().setToken(token).build();
      Executed executed = run(container, plan, asked, unnamed, stdio, rollback, Turn.KEPT);
      rollback.keep();
      return executed.process();
    }
  }

  /** Up to the execution of its program. */
  private Executed run(
      Container container,
      CompiledPlan plan,
      Asked asked,
      ProcessRecord draft,
      Stdio stdio,
      Rollback rollback,
      Turn turn) {
    Optional<Pair> sockets = notifications.sockets(plan.plan());
    Optional<Fd> ours = sockets.map(Pair::first);
    rollback.onFailure("socket", () -> ours.ifPresent(Fd::close));
    try (Notifications.Handover handover = begin(container, sockets)) {
      StartedProcess process =
          recorder.recordEntered(
              about(container, draft),
              ExecPlan.entered(container.record().getSpec()),
              turn.why,
              () ->
                  launchWithHome(
                      container,
                      plan,
                      draft.getToken(),
                      stdio,
                      asked.given(),
                      sockets.map(Pair::second),
                      turn));
      rollback.onFailure("process", () -> abandon(host, process));
      stdio.closeInside();
      int pid = host.kernel().processes().pid(process.pidfd());
      long startTicks = host.proc().startTicks(pid);
      try (Waiting waiting = new Waiting(process.program(), plan.plan(), ours)) {
        Stdio attached =
            turn.waiting(
                container,
                () -> {
                  adjustOomScore(container, draft, waiting, process.pidfd(), asked.process());
                  raiseLimits(waiting, process.pidfd(), asked.process());
                  Stdio received = received(waiting, stdio, asked.given(), rollback);
                  handover.finish("running", pid);
                  waiting.finish(host.settings().stepTimeout());
                  return received;
                });
        return new Executed(process, pid, startTicks, attached);
      }
    }
  }

  private static Event.Builder about(Container container, ProcessRecord draft) {
    return Recorder.event(container, draft.getId());
  }

  /** As {@link ContainerBirth} does: see {@link ExecPlan#SCORE}. */
  private void adjustOomScore(
      Container container, ProcessRecord draft, Waiting waiting, Fd pidfd, Process asked) {
    if (asked.hasOomScoreAdj()) {
      waiting.advanceTo(ExecPlan.SCORE, host.settings().stepTimeout(), barrier -> {});
      Scores.adjust(host, recorder, about(container, draft), pidfd, asked.getOomScoreAdj());
      waiting.program().proceed();
    }
  }

  /** As {@link ContainerBirth} does. */
  private void raiseLimits(Waiting waiting, Fd pidfd, Process asked) {
    if (!facts.limits().raisedBy(asked).isEmpty()) {
      waiting.advanceTo(ContainerPlan.LIMITS, host.settings().stepTimeout(), barrier -> {});
      ProcessLimits.raise(host, pidfd, asked, facts.limits());
      waiting.program().proceed();
    }
  }

  /** With the terminal that the program has sent, where it is to have one. */
  private Stdio received(Waiting waiting, Stdio stdio, Given given, Rollback rollback) {
    if (stdio.arrival().isEmpty()) {
      return stdio;
    }
    waiting.advanceTo(ContainerPlan.TERMINAL, host.settings().stepTimeout(), barrier -> {});
    Stdio ours = stdio.received(host, given);
    rollback.onFailure("terminal", ours::close);
    waiting.program().proceed();
    return ours;
  }

  private Notifications.Handover begin(Container container, Optional<Pair> sockets) {
    try {
      return notifications.begin(container, sockets.map(Pair::first));
    } catch (RuntimeException e) {
      sockets.map(Pair::second).ifPresent(Fd::close);
      throw e;
    }
  }

  private StartedProcess launchWithHome(
      Container container,
      CompiledPlan plan,
      long token,
      Stdio stdio,
      Given given,
      Optional<Fd> listener,
      Turn turn) {
    Optional<Home> home = Home.askedBy(plan.plan(), host);
    try {
      home.ifPresent(asked -> tell(container, asked, turn));
      return launch(container, plan, token, stdio, given, home, listener);
    } finally {
      home.ifPresent(Home::close);
    }
  }

  /** Where a container's files lie is its own affair, and so how long it takes to read one. */
  private static void tell(Container container, Home home, Turn turn) {
    try (Fd first = container.running().orElseThrow().pidfd().duplicate()) {
      var _ = turn.waiting(container, () -> home.tell(first));
    }
    if (!ABLE.contains(container.record().getState())) {
      throw States.wrong(
          container, Operation.EXEC, "it is " + States.words(container.record()) + " by now");
    }
  }

  private StartedProcess launch(
      Container container,
      CompiledPlan plan,
      long token,
      Stdio stdio,
      Given given,
      Optional<Home> home,
      Optional<Fd> listener) {
    Fd first = container.running().orElseThrow().pidfd();
    Donor.Sources sources =
        Donor.Sources.of(
                container.sandbox(),
                container.cgroup(),
                stdio.inside(),
                home.map(Home::inside),
                Optional.of(first),
                listener)
            .with(Optional.empty(), Optional.empty(), Optional.empty(), given);
    List<Fd> donated = donor.open(plan.plan().donations(), sources);
    try (Closing directory = host.birthDirectory(container.cgroup());
        Fd pids = pidNamespace(container, first)) {
      return container
          .sandbox()
          .requireHolder()
          .client()
          .run(
              new RunRequest(
                  token,
                  plan.program(),
                  plan.plan().cloneFlags(),
                  directory.descriptor(),
                  Optional.of(pids),
                  donated));
    } finally {
      donated.forEach(Fd::close);
    }
  }

  /** By its process, unless that has executed nothing yet: {@link Donation.ContainerNamespace}. */
  private Fd pidNamespace(Container container, Fd first) {
    return container.record().getState() == ContainerState.CREATED
        ? host.proc().namespace(first, "pid")
        : first.duplicate();
  }

  static void abandon(Host host, StartedProcess process) {
    var _ = host.kernel().processes().kill(process.pidfd());
    process.pidfd().close();
    process.program().close();
  }
}
