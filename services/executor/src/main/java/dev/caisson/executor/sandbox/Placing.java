package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.SandboxLayout;
import dev.caisson.executor.init.Progress;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.init.StartedProcess;
import dev.caisson.executor.plan.Placement;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.types.v1.Resources;
import java.util.List;
import java.util.Optional;

/** Puts the first process of a container into its place, before it is told what to do there. */
final class Placing {
  private final Host host;
  private final Donor donor;
  private final Tokens tokens;
  private final PlanCache plans;

  Placing(Host host, Donor donor, Tokens tokens, PlanCache plans) {
    this.host = host;
    this.donor = donor;
    this.tokens = tokens;
    this.plans = plans;
  }

  /**
   * Where a process is to live.
   *
   * @param uid the container's
   * @param token the process's
   * @param stdio what its standard streams are
   * @param pidNamespace that it is born in, if that is another's
   */
  record Place(
      String uid, long token, Resources resources, Stdio.Kind stdio, Optional<Fd> pidNamespace) {}

  /** One for a container that nobody has asked for yet. */
  Placed placeOne(Holder holder, SandboxRecord sandbox, Placement placement) {
    Place place =
        new Place(
            host.uids().get(),
            tokens.next(),
            Resources.getDefaultInstance(),
            Stdio.Kind.PIPES,
            Optional.empty());
    return place(holder, sandbox, place, placement);
  }

  /** Nothing is left of one that fails. It may still be on its way: see {@link #await}. */
  Placed place(Holder holder, SandboxRecord sandbox, Place place, Placement placement) {
    try (Rollback rollback = new Rollback()) {
      Cgroup cgroup = cgroup(sandbox, place);
      rollback.onFailure("cgroup", cgroup::remove);
      Stdio stdio = Stdio.of(place.stdio(), host);
      rollback.onFailure("stdio", stdio::close);
      StartedProcess process = launch(holder, place, placement, cgroup);
      rollback.onFailure("process", () -> abandon(holder, place.token(), cgroup, process));
      hold(holder, place.token(), process, stdio);
      int pid = host.kernel().processes().pid(process.pidfd());
      cgroup.standsFor(pid);
      Placed placed =
          new Placed(
              place.uid(), place.token(), cgroup, process, stdio, pid, host.proc().startTicks(pid));
      rollback.keep();
      return placed;
    }
  }

  /** The executor's ends live on in caisson-init, should the executor die: see {@link Recovery}. */
  private static void hold(Holder holder, long token, StartedProcess process, Stdio stdio) {
    stdio.hold(holder.client(), token, List.of(process.program().gate(), process.program().page()));
  }

  /**
   * The same one with other standard streams.
   *
   * @param other taken over
   */
  Placed withStdio(Holder holder, Placed placed, Stdio other) {
    placed.stdio().close();
    holder.drop(placed.token());
    holder.drop(Stdio.inputToken(placed.token()));
    hold(holder, placed.token(), placed.process(), other);
    return placed.with(other);
  }

  private Cgroup cgroup(SandboxRecord sandbox, Place place) {
    String path = path(sandbox, place.uid());
    return host.cgroups().create(path, place.resources(), SandboxBirth.ownerOf(sandbox));
  }

  /** Of the cgroup that a container has, or is to have. */
  static String path(SandboxRecord sandbox, String containerUid) {
    String above = sandbox.getCgroup();
    int end = above.lastIndexOf('/');
    String parent = end == 0 ? "/" : above.substring(0, end);
    return new SandboxLayout(parent, sandbox.getUid()).container(containerUid);
  }

  private StartedProcess launch(Holder holder, Place place, Placement placement, Cgroup cgroup) {
    Plan plan = placement.plan();
    List<Fd> donated = donor.open(plan.donations(), Donor.Sources.ofSandbox(cgroup));
    try (Closing directory = host.birthDirectory(cgroup)) {
      return holder
          .client()
          .run(
              new RunRequest(
                  place.token(),
                  plans.get(placement, () -> plan).program(),
                  plan.cloneFlags(),
                  directory.descriptor(),
                  place.pidNamespace(),
                  donated));
    } finally {
      donated.forEach(Fd::close);
    }
  }

  /** Until it is in its place. */
  void await(Placed placed, Placement placement) {
    Plan plan = placement.plan();
    Progress progress = placed.process().program().await(host.settings().stepTimeout());
    switch (progress) {
      case Progress.AtBarrier ignored -> {}
      case Progress.Failed(int step, var errno) ->
          throw StepFailure.of(plan, step, errno).exception();
      case Progress.Executed ignored -> throw Waiting.killed();
      case Progress.Malformed ignored -> throw new IllegalStateException("malformed program");
    }
  }

  /** Ends it, and removes all of it. */
  void discard(Holder holder, Placed placed) {
    abandon(holder, placed.token(), placed.cgroup(), placed.process());
    placed.stdio().close();
    placed.cgroup().remove();
  }

  private void abandon(Holder holder, long token, Cgroup cgroup, StartedProcess process) {
    cgroup.kill();
    var _ = host.kernel().processes().kill(process.pidfd()); // on version 1 it is born elsewhere
    host.kernel().processes().awaitEnd(process.pidfd(), host.settings().stepTimeout());
    holder.drop(token);
    holder.drop(Stdio.inputToken(token));
    process.pidfd().close();
    process.program().close();
  }
}
