package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.SandboxLayout;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.init.StartedProcess;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.ContainerState;
import java.util.List;
import java.util.Optional;

/**
 * Makes a container, up to the point where its program would be executed. In the sandbox's queue.
 */
final class ContainerBirth {
  private final Host host;
  private final Donor donor;
  private final HookPoints hooks;
  private final Exits exits;

  ContainerBirth(Host host, Donor donor, HookPoints hooks, Exits exits) {
    this.host = host;
    this.donor = donor;
    this.hooks = hooks;
    this.exits = exits;
  }

  /** Nothing is left of one that fails. */
  Container make(Sandbox sandbox, ContainerRecord draft, Prepared plan) {
    Holder holder = sandbox.requireHolder();
    Identity.require(draft.getSpec().getProcess(), sandbox.record());
    try (Rollback rollback = new Rollback()) {
      Cgroup cgroup = cgroup(sandbox, draft, rollback);
      Container container = new Container(sandbox, cgroup, draft);
      Stdio stdio = stdio(draft);
      rollback.onFailure("stdio", stdio::close);
      StartedProcess process = launch(holder, container, plan, stdio);
      rollback.onFailure("process", () -> abandon(holder, container, process));
      stdio.closeInside();
      Waiting waiting = new Waiting(process.program(), plan.plan());
      container.running(new Container.Running(process.pidfd(), Optional.of(waiting)));
      container.record(identified(draft, process.pidfd(), cgroup));
      waiting.advanceTo(
          ContainerPlan.CREATED,
          host.settings().stepTimeout(),
          barrier -> hooks.atBarrier(container, barrier));
      adjustOomScore(container, process.pidfd());
      hold(holder, container, process, stdio);
      container.record(container.record().toBuilder().setState(ContainerState.CREATED).build());
      host.store().put(container.record());
      container.streams(stdio.streams(host, sandbox, draft.getToken()));
      exits.expect(container);
      sandbox.containersByUid().put(container.uid(), container);
      rollback.keep();
      return container;
    }
  }

  private Cgroup cgroup(Sandbox sandbox, ContainerRecord draft, Rollback rollback) {
    String path = new SandboxLayout(parentOf(sandbox), sandbox.uid()).container(draft.getUid());
    Cgroup cgroup =
        host.cgroups()
            .create(path, draft.getSpec().getResources(), SandboxBirth.ownerOf(sandbox.record()));
    rollback.onFailure("cgroup", cgroup::remove);
    return cgroup;
  }

  private static String parentOf(Sandbox sandbox) {
    String path = sandbox.cgroup().path();
    int end = path.lastIndexOf('/');
    return end == 0 ? "/" : path.substring(0, end);
  }

  private Stdio stdio(ContainerRecord draft) {
    return draft.getStdio() == StdioMode.PIPE ? Stdio.pipes(host) : Stdio.discarded(host);
  }

  private StartedProcess launch(
      Holder holder, Container container, Prepared prepared, Stdio stdio) {
    Plan plan = prepared.plan();
    Donor.Sources sources =
        Donor.Sources.of(container.sandbox(), container.cgroup(), stdio.inside(), Optional.empty());
    List<Fd> donated = donor.open(plan.donations(), sources);
    try (Closing directory = host.birthDirectory(container.cgroup())) {
      return holder
          .client()
          .run(
              new RunRequest(
                  container.record().getToken(),
                  prepared.program(),
                  plan.cloneFlags(),
                  directory.descriptor(),
                  Optional.empty(),
                  donated));
    } finally {
      donated.forEach(Fd::close);
    }
  }

  private ContainerRecord identified(ContainerRecord draft, Fd pidfd, Cgroup cgroup) {
    int pid = host.kernel().processes().pid(pidfd);
    return draft.toBuilder()
        .setPid(pid)
        .setStartTicks(host.proc().startTicks(pid))
        .setCgroup(cgroup.path())
        .build();
  }

  private void adjustOomScore(Container container, Fd pidfd) {
    var process = container.record().getSpec().getProcess();
    if (process.hasOomScoreAdj()) {
      host.proc().write(pidfd, "oom_score_adj", Integer.toString(process.getOomScoreAdj()));
    }
  }

  /** The executor's ends live on in caisson-init, should the executor die: see {@link Recovery}. */
  private void hold(Holder holder, Container container, StartedProcess process, Stdio stdio) {
    stdio.hold(
        holder.client(),
        container.record().getToken(),
        List.of(process.program().gate(), process.program().page()));
  }

  private void abandon(Holder holder, Container container, StartedProcess process) {
    container.cgroup().kill();
    host.kernel().processes().awaitEnd(process.pidfd(), host.settings().stepTimeout());
    holder.client().drop(container.record().getToken());
    holder.client().drop(Stdio.inputToken(container.record().getToken()));
    process.pidfd().close();
    process.program().close();
    container.running(null);
  }
}
