package dev.caisson.executor.sandbox;

import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.init.StartedProcess;
import dev.caisson.executor.plan.CompiledPlan;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.ExecFacts;
import dev.caisson.executor.plan.ExecPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.ProcessRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.events.v1.ExecStarted;
import dev.caisson.proto.executor.v1.ExecProcess;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
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
  private final PlanCache plans;
  private final GuardPolicy.Limits limits;
  private final Redaction redaction = new Redaction();

  Execs(
      Host host,
      Donor donor,
      Recorder recorder,
      Exits exits,
      Facts facts,
      PlanCache plans,
      GuardPolicy.Limits limits) {
    this.host = host;
    this.donor = donor;
    this.recorder = recorder;
    this.exits = exits;
    this.facts = facts;
    this.plans = plans;
    this.limits = limits;
  }

  /** Nothing is left of one that fails. */
  ExecedProcess start(Container container, ExecProcess request, String id, long token) {
    Lives.requireState(container, "exec in", Set.of(ContainerState.RUNNING));
    requireRoom(container.sandbox());
    ContainerSpec spec = container.record().getSpec();
    Process process = ExecPlan.complete(request.getProcess(), spec, request.getAddEnvList());
    Identity.require(process, container.sandbox().record());
    ExecFacts known = facts.exec(container.cgroup(), !request.getDetach());
    Stdio.Kind stdio = Stdio.Kind.of(!request.getDetach(), process);
    CompiledPlan plan =
        plans.get(List.of(process, spec, known), () -> ExecPlan.compile(process, spec, known));
    ProcessRecord draft =
        ProcessRecord.newBuilder()
            .setId(id)
            .setToken(token)
            .addAllArgs(redaction.args(process.getArgsList()))
            .setStartTime(Exits.timestamp(host.clock().instant()))
            .build();
    return recorder.record(
        Recorder.event(container, id)
            .setActor(request.getActor())
            .setExecStarted(started(process, 0)),
        () -> launch(container, plan, draft, stdio),
        exec ->
            Recorder.event(container, id)
                .setActor(request.getActor())
                .setExecStarted(started(process, exec.record().getPid())));
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

  private ExecStarted started(Process process, int pid) {
    return ExecStarted.newBuilder()
        .setPid(pid)
        .addAllArgs(redaction.args(process.getArgsList()))
        .setUid(process.getUser().getUid())
        .setGid(process.getUser().getGid())
        .setTerminal(process.getTerminal())
        .build();
  }

  private ExecedProcess launch(
      Container container, CompiledPlan plan, ProcessRecord draft, Stdio.Kind kind) {
    Holder holder = container.sandbox().requireHolder();
    Fd first = container.running().orElseThrow().pidfd();
    try (Rollback rollback = new Rollback()) {
      Stdio given = Stdio.of(kind, host);
      rollback.onFailure("stdio", given::close);
      StartedProcess process = run(holder, container, plan, draft.getToken(), given, first);
      rollback.onFailure("process", () -> abandon(process));
      given.closeInside();
      Stdio stdio = finished(process, plan, given, rollback);
      // Unlike a container's gate and page, which are of no use here any more.
      stdio.hold(holder.client(), draft.getToken(), List.of());
      int pid = host.kernel().processes().pid(process.pidfd());
      ProcessRecord record =
          draft.toBuilder().setPid(pid).setStartTicks(host.proc().startTicks(pid)).build();
      ExecedProcess exec =
          new ExecedProcess(
              record, process.pidfd(), stdio.streams(host, container.sandbox(), draft.getToken()));
      container.record(ExecedProcess.stored(container.record(), record));
      host.store().put(container.record());
      container.execs().put(exec.id(), exec);
      exits.expect(container, exec);
      rollback.keep();
      return exec;
    }
  }

  /**
   * The program is executed; with the terminal that it has sent before, where it is to have one.
   */
  private Stdio finished(
      StartedProcess process, CompiledPlan plan, Stdio given, Rollback rollback) {
    try (Waiting waiting = new Waiting(process.program(), plan.plan())) {
      Stdio stdio = given;
      if (given.arrival().isPresent()) {
        waiting.advanceTo(ContainerPlan.TERMINAL, host.settings().stepTimeout(), barrier -> {});
        stdio = given.received(host);
        rollback.onFailure("terminal", stdio::close);
        waiting.program().proceed();
      }
      waiting.finish(host.settings().stepTimeout());
      return stdio;
    }
  }

  private StartedProcess run(
      Holder holder, Container container, CompiledPlan plan, long token, Stdio stdio, Fd first) {
    Optional<Home> home = Home.askedBy(plan.plan(), host);
    try {
      home.ifPresent(asked -> asked.tell(first));
      return run(holder, container, plan, token, stdio, first, home);
    } finally {
      home.ifPresent(Home::close);
    }
  }

  private StartedProcess run(
      Holder holder,
      Container container,
      CompiledPlan plan,
      long token,
      Stdio stdio,
      Fd first,
      Optional<Home> home) {
    Donor.Sources sources =
        Donor.Sources.of(
            container.sandbox(),
            container.cgroup(),
            stdio.inside(),
            home.map(Home::inside),
            Optional.of(first));
    List<Fd> donated = donor.open(plan.plan().donations(), sources);
    try (Closing directory = host.birthDirectory(container.cgroup())) {
      return holder
          .client()
          .run(
              new RunRequest(
                  token,
                  plan.program(),
                  plan.plan().cloneFlags(),
                  directory.descriptor(),
                  Optional.of(first),
                  donated));
    } finally {
      donated.forEach(Fd::close);
    }
  }

  private void abandon(StartedProcess process) {
    var _ = host.kernel().processes().kill(process.pidfd());
    process.pidfd().close();
    process.program().close();
  }
}
