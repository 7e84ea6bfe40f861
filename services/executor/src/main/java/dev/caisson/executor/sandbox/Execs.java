package dev.caisson.executor.sandbox;

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
import dev.caisson.executor.store.v1.ProcessRecord;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Pair;
import dev.caisson.proto.events.v1.ExecStarted;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Process;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Starts processes in running containers. In the sandbox's queue. */
final class Execs {
  private final Host host;
  private final Donor donor;
  private final Recorder recorder;
  private final Exits exits;
  private final Facts facts;
  private final Notifications notifications;
  private final PlanCache plans;
  private final Donations donations;
  private final GuardPolicy.Limits limits;
  private final Redaction redaction = new Redaction();

  Execs(
      Host host,
      Donor donor,
      Recorder recorder,
      Exits exits,
      Facts facts,
      Notifications notifications,
      PlanCache plans,
      Donations donations,
      GuardPolicy.Limits limits) {
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

  /** Nothing is left of one that fails. */
  ExecedProcess start(Container container, ExecProcess request, String id, long token) {
    Lives.requireState(container, "exec in", Set.of(ContainerState.RUNNING));
    requireRoom(container.sandbox());
    ContainerSpec spec = container.record().getSpec();
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
            .build();
    try (Given given = Given.take(donations, request.getDonated())) {
      given.requireUnchangeable(host, container.sandbox().record());
      return recorder.record(
          Recorder.event(container, id)
              .setActor(request.getActor())
              .setExecStarted(started(process, 0, given)),
          () -> launch(container, plan, draft, new Asked(process, streams.attachable(), given)),
          exec ->
              Recorder.event(container, id)
                  .setActor(request.getActor())
                  .setExecStarted(started(process, exec.record().getPid(), given)));
    }
  }

  private void requireRoom(Sandbox sandbox) {
    long running =
        sandbox.containers().stream()
            .flatMap(container -> container.execs().values().stream())
            .filter(exec -> !exec.exit().isDone())
            .count();
    if (running >= limits.execsPerSandbox()) {
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
    Holder holder = container.sandbox().requireHolder();
    try (Rollback rollback = new Rollback()) {
      Stdio stdio = asked.stdio(host);
      rollback.onFailure("stdio", stdio::close);
      Executed executed = run(container, plan, asked, draft.getToken(), stdio, rollback);
      StartedProcess process = executed.process();
      Stdio ours = executed.stdio();
      // Unlike a container's gate and page, which are of no use here any more.
      ours.hold(holder.client(), draft.getToken(), List.of());
      int pid = host.kernel().processes().pid(process.pidfd());
      ProcessRecord record =
          draft.toBuilder().setPid(pid).setStartTicks(host.proc().startTicks(pid)).build();
      ExecedProcess exec =
          new ExecedProcess(
              record, process.pidfd(), ours.streams(host, container.sandbox(), draft.getToken()));
      container.record(ExecedProcess.stored(container.record(), record));
      host.store().put(container.record());
      container.execs().put(exec.id(), exec);
      exits.expect(container, exec);
      rollback.keep();
      return exec;
    }
  }

  /** A process that executes its program, with the streams that it has. */
  private record Executed(StartedProcess process, Stdio stdio) {}

  /**
   * Starts a hook of the container's own, where no process of it need run yet.
   *
   * @param stdio closed here
   */
  StartedProcess runHook(Container container, Hook hook, long token, Stdio stdio) {
    try (Rollback rollback = new Rollback()) {
      rollback.onFailure("stdio", stdio::close);
      ContainerSpec spec = container.record().getSpec();
      Process process = HookPlan.process(hook, spec);
      ExecFacts known = facts.exec(container.cgroup(), Streams.ATTACHABLE, process, spec);
      CompiledPlan plan =
          plans.get(List.of(hook, spec, known), () -> HookPlan.asContainer(hook, spec, known));
      Asked asked = new Asked(process, true, Given.none());
      Executed executed = run(container, plan, asked, token, stdio, rollback);
      rollback.keep();
      return executed.process();
    }
  }

  /** Up to the execution of its program. */
  private Executed run(
      Container container,
      CompiledPlan plan,
      Asked asked,
      long token,
      Stdio stdio,
      Rollback rollback) {
    Optional<Pair> sockets = notifications.sockets(plan.plan());
    Optional<Fd> ours = sockets.map(Pair::first);
    rollback.onFailure("socket", () -> ours.ifPresent(Fd::close));
    try (Notifications.Handover handover = begin(container, sockets)) {
      StartedProcess process =
          launchWithHome(container, plan, token, stdio, asked.given(), sockets.map(Pair::second));
      rollback.onFailure("process", () -> abandon(host, process));
      stdio.closeInside();
      try (Waiting waiting = new Waiting(process.program(), plan.plan(), ours)) {
        adjustOomScore(waiting, process.pidfd(), asked.process());
        raiseLimits(waiting, process.pidfd(), asked.process());
        Stdio received = received(waiting, stdio, asked.given(), rollback);
        handover.finish("running", host.kernel().processes().pid(process.pidfd()));
        waiting.finish(host.settings().stepTimeout());
        return new Executed(process, received);
      }
    }
  }

  /** As {@link ContainerBirth} does: see {@link ExecPlan#SCORE}. */
  private void adjustOomScore(Waiting waiting, Fd pidfd, Process asked) {
    if (asked.hasOomScoreAdj()) {
      waiting.advanceTo(ExecPlan.SCORE, host.settings().stepTimeout(), barrier -> {});
      Scores.adjust(host, pidfd, asked.getOomScoreAdj());
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
      Optional<Fd> listener) {
    Optional<Home> home = Home.askedBy(plan.plan(), host);
    try {
      home.ifPresent(asked -> asked.tell(container.running().orElseThrow().pidfd()));
      return launch(container, plan, token, stdio, given, home, listener);
    } finally {
      home.ifPresent(Home::close);
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
            .with(given);
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
