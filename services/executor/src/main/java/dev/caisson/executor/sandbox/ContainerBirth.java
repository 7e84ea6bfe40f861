package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.CompiledPlan;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.plan.Donation;
import dev.caisson.executor.plan.JoinedMounts;
import dev.caisson.executor.plan.Placement;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.TimeOffsets;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Pair;
import dev.caisson.proto.events.v1.CgroupConfigured;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Resources;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes a container, up to the point where its program would be executed. In the sandbox's queue.
 */
final class ContainerBirth {
  /** What a container may share with another one, and not with its sandbox. */
  private static final Set<Namespace.Type> OF_CONTAINERS =
      EnumSet.of(Namespace.Type.PID, Namespace.Type.MOUNT);

  private static final Namespace OWN_PROCESSES =
      Namespace.newBuilder().setType(Namespace.Type.PID).build();

  private final Recorder recorder;
  private final Host host;
  private final Donor donor;
  private final NamespaceFiles namespaces;
  private final Uppers uppers;
  private final ContainerLogs logs;
  private final Placing placing;
  private final HookPoints hooks;
  private final Exits exits;
  private final Notifications notifications;
  private final DeviceFence fence;
  private final Facts facts;
  private final NamedCgroups named;

  ContainerBirth(
      Host host,
      Donor donor,
      NamespaceFiles namespaces,
      Uppers uppers,
      ContainerLogs logs,
      Placing placing,
      HookPoints hooks,
      Exits exits,
      Notifications notifications,
      DeviceFence fence,
      Facts facts,
      NamedCgroups named,
      Recorder recorder) {
    this.host = host;
    this.named = named;
    this.facts = facts;
    this.fence = fence;
    this.donor = donor;
    this.namespaces = namespaces;
    this.uppers = uppers;
    this.logs = logs;
    this.placing = placing;
    this.hooks = hooks;
    this.exits = exits;
    this.notifications = notifications;
    this.recorder = recorder;
  }

  /**
   * Nothing is left of one that fails; where hooks have run for it, those of its end have, too.
   *
   * @param shown told of it once there is something of it to be looked at
   */
  Container make(
      Sandbox sandbox,
      ContainerRecord draft,
      CompiledPlan plan,
      Given given,
      Consumer<Container> shown) {
    AtomicReference<@Nullable Container> hooked = new AtomicReference<>();
    try {
      return make(sandbox, draft, plan, given, shown, hooked);
    } catch (RuntimeException e) {
      Optional.ofNullable(hooked.get()).ifPresent(hooks::afterDelete);
      forget(draft, e);
      throw Waiting.told(e);
    }
  }

  /** Whatever was kept of it: a later life would take it for one that was made. */
  private void forget(ContainerRecord draft, RuntimeException problem) {
    try {
      host.store().removeContainer(draft.getUid());
    } catch (RuntimeException e) {
      problem.addSuppressed(e);
    }
  }

  private Container make(
      Sandbox sandbox,
      ContainerRecord draft,
      CompiledPlan plan,
      Given given,
      Consumer<Container> shown,
      AtomicReference<@Nullable Container> hooked) {
    Identity.require(draft.getSpec(), sandbox.record());
    requireShared(sandbox, draft);
    requireApart(draft);
    requireUnseen(sandbox, draft);
    try (Rollback rollback = new Rollback();
        Closing mounts = mounts(sandbox, draft);
        Closing hostTree = hostTree(draft);
        Closing upper = upper(draft, rollback)) {
      Optional<String> found = named.makeBeside(sandbox.record(), draft, rollback);
      Placed placed = place(sandbox, draft, plan, given, rollback);
      fence.restrict(placed.cgroup(), draft.getSpec());
      ContainerRecord record =
          identified(draft, placed).toBuilder().setNamedCgroup(found.orElse("")).build();
      Container container = new Container(sandbox, placed.cgroup(), record);
      Optional<Pair> sockets = notifications.sockets(plan.plan());
      rollback.onFailure("sockets", () -> sockets.ifPresent(ContainerBirth::close));
      Waiting waiting =
          new Waiting(placed.process().program(), plan.rest(), sockets.map(Pair::first));
      container.running(new Container.Running(placed.process().pidfd(), Optional.of(waiting)));
      rollback.onFailure("container", container::giveUp);
      shown.accept(container);
      Optional<Home> home = Home.askedBy(plan.plan(), host);
      rollback.onFailure("home", () -> home.ifPresent(Home::close));
      Donor.Sources sources =
          Donor.Sources.of(
                  sandbox,
                  container.cgroup(),
                  placed.stdio().inside(),
                  home.map(Home::inside),
                  Optional.empty(),
                  sockets.map(Pair::second))
              .with(upper.descriptor(), mounts.descriptor(), hostTree.descriptor(), given);
      instruct(placed, plan, sources);
      hold(container, placed.token(), sockets, rollback);
      Waiting.AtBarrier others = barrier -> atBarrier(container, placed, barrier, hooked, hostTree);
      Stdio stdio = received(container, placed, given, waiting, others, rollback);
      waiting.advanceTo(ContainerPlan.CREATED, host.settings().stepTimeout(), others);
      home.ifPresent(asked -> asked.tell(placed.process().pidfd()));
      adjustOomScore(container, placed.process().pidfd());
      container.record(container.record().toBuilder().setState(ContainerState.CREATED).build());
      host.store().put(container.record());
      found.ifPresent(ignored -> named.recorded(sandbox.uid()));
      container.streams(stdio.streams(host, sandbox, placed.token()));
      exits.expect(container);
      sandbox.containersByUid().put(container.uid(), container);
      logs.begin(container);
      rollback.keep();
      return container;
    }
  }

  /** A further container names what it shares with its sandbox, if at all. */
  private void requireShared(Sandbox sandbox, ContainerRecord draft) {
    if (sandbox.record().getRootContainerUid().equals(draft.getUid())) {
      return;
    }
    if (draft.getSpec().getUserNamespace().getMode() == UserNamespace.Mode.JOINED) {
      IdMaps.requireSame(
          draft.getSpec().getUserNamespace(),
          sandbox.record().getUidMappingsList(),
          sandbox.record().getGidMappingsList());
    }
    draft.getSpec().getNamespacesList().stream()
        .filter(one -> !one.getPath().isEmpty() && !OF_CONTAINERS.contains(one.getType()))
        .map(one -> new Donation.NamespaceFile(one.getType(), one.getPath()))
        .forEach(one -> namespaces.requireSandboxes(one, sandbox));
  }

  /** Else nobody could say which processes are the container's. */
  private void requireApart(ContainerRecord draft) {
    if (!host.cgroups().tellProcessesApart() && !hasOwnProcesses(draft.getSpec())) {
      throw Refusal.hostLacks(
              "namespaces",
              "namespaces must have a PID namespace of the container's own, since no cgroup is"
                  + " delegated to this executor that would tell its processes from others.")
          .exception();
    }
  }

  /** Whoever sees a process of the container's creation could look at the host through it. */
  private static void requireUnseen(Sandbox sandbox, ContainerRecord draft) {
    boolean hooked = draft.getSpec().getHooks().getCreateContainerCount() > 0;
    Stream<ContainerSpec> all =
        Stream.concat(
            Stream.of(draft.getSpec()),
            sandbox.containers().stream().map(container -> container.record().getSpec()));
    if (hooked && !all.allMatch(ContainerBirth::hasOwnProcesses)) {
      throw Refusal.invalid(
              "hooks.create_container",
              "be of a sandbox whose containers have a PID namespace each",
              draft.getId())
          .exception();
    }
  }

  private static boolean hasOwnProcesses(ContainerSpec spec) {
    return spec.getNamespacesList().contains(OWN_PROCESSES);
  }

  private void atBarrier(
      Container container,
      Placed placed,
      String barrier,
      AtomicReference<@Nullable Container> hooked,
      Closing hostTree) {
    if (barrier.equals(ContainerPlan.TIME_OFFSETS)) {
      String offsets = TimeOffsets.lines(container.record().getSpec().getTimeOffsetsList());
      try {
        host.proc().write(placed.process().pidfd(), "timens_offsets", offsets);
      } catch (LinuxException e) {
        throw StepFailure.of("set the clocks", "time_offsets", e);
      }
    }
    if (barrier.equals(ContainerPlan.LIMITS)) {
      ProcessLimits.raise(
          host,
          placed.process().pidfd(),
          container.record().getSpec().getProcess(),
          facts.limits());
    }
    if (HookPoints.isAt(barrier)) {
      if (hooked.getAndSet(container) == null) {
        host.store().put(container.record()); // a later life would run the hooks of its end
      }
      hooks.atBarrier(container, barrier, hostTree.descriptor());
    }
  }

  /** Before all else: it can be removed only when nobody writes into it any more. */
  private Closing upper(ContainerRecord draft, Rollback rollback) {
    rollback.onFailure("upper layer", () -> uppers.remove(draft.getUid(), draft.getSpec()));
    return Closing.of(uppers.make(draft.getUid(), draft.getSpec()));
  }

  /** For hooks that run in the container's namespaces, where it has such. */
  private Closing hostTree(ContainerRecord draft) {
    boolean hooked = draft.getSpec().getHooks().getCreateContainerCount() > 0;
    return Closing.of(hooked ? Optional.of(donor.hostTree()) : Optional.empty());
  }

  /** Of another container, which it joins. */
  private Closing mounts(Sandbox sandbox, ContainerRecord draft) {
    return Closing.of(
        JoinedMounts.of(draft.getSpec())
            .map(one -> namespaces.openMounts(one, draft.getSpec().getRoot(), sandbox)));
  }

  /** In its place, with the limits that the container is to have. */
  private Placed place(
      Sandbox sandbox, ContainerRecord draft, CompiledPlan plan, Given given, Rollback rollback) {
    Stdio.Kind kind =
        Stdio.Kind.of(
            Stdio.isPiped(draft.getStdio(), draft.hasLogs()) || given.hasConsole(),
            draft.getSpec().getProcess());
    Placed placed =
        recorded(sandbox, draft, () -> placed(sandbox, draft, plan.placement(), kind, rollback));
    return given.hasStreams()
        ? streaming(sandbox, placed, Stdio.given(given.streams(host)), rollback)
        : placed;
  }

  /** Where there are limits. */
  private Placed recorded(Sandbox sandbox, ContainerRecord draft, Supplier<Placed> effect) {
    Resources resources = draft.getSpec().getResources();
    if (resources.equals(Resources.getDefaultInstance())) {
      return effect.get();
    }
    Event.Builder configured =
        Recorder.event(sandbox.record(), draft)
            .setCgroupConfigured(
                CgroupConfigured.newBuilder()
                    .setCgroup(Placing.path(sandbox.record(), draft.getUid()))
                    .setResources(resources));
    return recorder.record(configured, effect, placed -> configured);
  }

  private Placed placed(
      Sandbox sandbox,
      ContainerRecord draft,
      Placement placement,
      Stdio.Kind kind,
      Rollback rollback) {
    Optional<Placed> ready = sandbox.takePlaced(draft.getUid());
    return ready.isPresent()
        ? limited(sandbox, draft, ready.get(), kind, rollback)
        : placedNow(sandbox, draft, placement, kind, rollback);
  }

  private Placed streaming(Sandbox sandbox, Placed placed, Stdio stdio, Rollback rollback) {
    rollback.onFailure("stdio", stdio::close);
    return placing.withStdio(sandbox.requireHolder(), placed, stdio);
  }

  private Placed limited(
      Sandbox sandbox, ContainerRecord draft, Placed ready, Stdio.Kind kind, Rollback rollback) {
    Holder holder = sandbox.requireHolder();
    rollback.onFailure("process", () -> placing.discard(holder, ready));
    ready.cgroup().configure(draft.getSpec().getResources());
    return kind == Stdio.Kind.PIPES
        ? ready
        : streaming(sandbox, ready, Stdio.of(kind, host), rollback);
  }

  private Placed placedNow(
      Sandbox sandbox,
      ContainerRecord draft,
      Placement placement,
      Stdio.Kind kind,
      Rollback rollback) {
    Holder holder = sandbox.requireHolder();
    Placed placed =
        recorder.recordEntered(
            Recorder.event(sandbox.record(), draft),
            joined(draft),
            "container",
            () -> place(sandbox, holder, draft, placement, kind));
    rollback.onFailure("process", () -> placing.discard(holder, placed));
    placing.await(placed, placement);
    return placed;
  }

  private Placed place(
      Sandbox sandbox, Holder holder, ContainerRecord draft, Placement placement, Stdio.Kind kind) {
    Optional<Fd> pidNamespace = pidNamespace(sandbox, placement.plan());
    try {
      return placing.place(
          holder,
          sandbox.record(),
          new Placing.Place(
              draft.getUid(), draft.getToken(), draft.getSpec().getResources(), kind, pidNamespace),
          placement);
    } finally {
      pidNamespace.ifPresent(Fd::close);
    }
  }

  /** Namespaces of others that it names by their paths, beside those of its sandbox. */
  private static List<Namespace.Type> joined(ContainerRecord draft) {
    return draft.getSpec().getNamespacesList().stream()
        .filter(one -> !one.getPath().isEmpty() && OF_CONTAINERS.contains(one.getType()))
        .map(Namespace::getType)
        .toList();
  }

  /** The one that it joins. */
  private Optional<Fd> pidNamespace(Sandbox sandbox, Plan plan) {
    return plan.entered().stream().findFirst().map(one -> namespaces.openWithin(one, sandbox));
  }

  /** Gives the process its program. */
  private void instruct(Placed placed, CompiledPlan plan, Donor.Sources sources) {
    List<Fd> donated = donor.open(plan.further(), sources);
    try {
      placed.process().program().next(plan.restProgram(), donated);
    } finally {
      donated.forEach(Fd::close);
    }
    placed.stdio().closeInside();
  }

  /** With the terminal, where it is to have one: see {@link ContainerPlan#TERMINAL}. */
  private Stdio received(
      Container container,
      Placed placed,
      Given given,
      Waiting waiting,
      Waiting.AtBarrier others,
      Rollback rollback) {
    if (placed.stdio().arrival().isEmpty()) {
      return placed.stdio();
    }
    waiting.advanceTo(ContainerPlan.TERMINAL, host.settings().stepTimeout(), others);
    Stdio received = placed.stdio().received(host, given);
    rollback.onFailure("terminal", received::close);
    received.hold(container.sandbox().requireHolder().client(), placed.token(), List.of());
    waiting.program().proceed();
    return received;
  }

  private static void hold(
      Container container, long token, Optional<Pair> sockets, Rollback rollback) {
    sockets.ifPresent(pair -> {
      Holder holder = container.sandbox().requireHolder();
      Notifications.hold(holder, token, pair.first());
      rollback.onFailure("held socket", () -> Notifications.drop(holder, token));
    });
  }

  private static void close(Pair sockets) {
    sockets.first().close();
    sockets.second().close();
  }

  private static ContainerRecord identified(ContainerRecord draft, Placed placed) {
    return draft.toBuilder()
        .setPid(placed.pid())
        .setStartTicks(placed.startTicks())
        .setCgroup(placed.cgroup().path())
        .build();
  }

  private void adjustOomScore(Container container, Fd pidfd) {
    var process = Scores.completed(container.record().getSpec(), container.sandbox()).getProcess();
    if (process.hasOomScoreAdj()) {
      Scores.adjust(host, recorder, Recorder.event(container), pidfd, process.getOomScoreAdj());
    }
  }
}
