package dev.caisson.executor.sandbox;

import dev.caisson.executor.init.InitException;
import dev.caisson.executor.log.ContainerLog;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.model.Operation;
import dev.caisson.proto.events.v1.ContainerDeleted;
import dev.caisson.proto.events.v1.ContainerPaused;
import dev.caisson.proto.events.v1.ContainerResumed;
import dev.caisson.proto.events.v1.ContainerStarted;
import dev.caisson.proto.events.v1.SignalSent;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.Namespace;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Gatherers;

/**
 * What can be done to a container that is there: start, signal, pause, resume, delete. Each in the
 * sandbox's queue.
 */
final class Lives {
  private static final int SIGKILL = 9;

  /** From the loss of its connection to that of the process. */
  private static final Duration INIT_END = Duration.ofSeconds(1);

  /** Processes that are open at once: descriptors are everybody's. */
  private static final int AT_A_TIME = 256;

  private final Host host;
  private final Recorder recorder;
  private final HookPoints hooks;
  private final Usage usage;
  private final Notifications notifications;
  private final Uppers uppers;
  private final Exits exits;
  private final KernelEvents events;
  private final Standstill standstill;
  private final PortForwards forwards;
  private final NamedCgroups named;

  Lives(
      Host host,
      Recorder recorder,
      HookPoints hooks,
      Usage usage,
      Notifications notifications,
      Uppers uppers,
      Exits exits,
      KernelEvents events,
      PortForwards forwards,
      NamedCgroups named) {
    this.host = host;
    this.recorder = recorder;
    this.hooks = hooks;
    this.usage = usage;
    this.notifications = notifications;
    this.uppers = uppers;
    this.exits = exits;
    this.events = events;
    this.standstill = new Standstill(host);
    this.forwards = forwards;
    this.named = named;
  }

  void start(Container container, Ask ask) {
    var _ = States.require(container, Operation.START);
    var _ = container.sandbox().requireHolder();
    recorder.record(
        Recorder.event(container, ask).setContainerStarted(ContainerStarted.getDefaultInstance()),
        () -> {
          beforeStart(container);
          execute(container, States.require(container, Operation.START)); // still
          return container;
        },
        started ->
            Recorder.event(started, ask)
                .setContainerStarted(
                    ContainerStarted.newBuilder().setPid(started.record().getPid())));
    try {
      recorder.follow(ask.actor(), () -> hooks.afterStart(container));
    } catch (RuntimeException e) {
      recorder.forget(ask);
      stop(container);
      throw e;
    }
  }

  /** runtime-spec runtime.md, "Lifecycle": where a hook fails, the container is stopped. */
  private void stop(Container container) {
    container.cgroup().kill();
    awaitEnds(container);
  }

  /** Where its caisson-init has ended, everything has, and nobody tells of it any more. */
  private void awaitEnds(Container container) {
    try {
      container.sandbox().awaitEnds(host.settings().stepTimeout(), container);
    } catch (InitException e) {
      if (!container.sandbox().holder().map(this::hasEnded).orElse(true)) {
        throw e;
      }
      exits.lost(container);
    }
  }

  private boolean hasEnded(Holder holder) {
    return host.kernel().processes().awaitEnd(holder.pidfd(), INIT_END);
  }

  private void beforeStart(Container container) {
    try {
      hooks.beforeStart(container);
    } catch (RefusedException e) {
      if (e.refusal().reason() == Reason.HOOK_FAILED) {
        stop(container);
      }
      throw e;
    }
  }

  private void execute(Container container, ContainerState started) {
    Container.Running running = container.running().orElseThrow();
    Waiting waiting =
        running
            .program()
            .orElseThrow(() ->
                States.wrong(
                    container, Operation.START, "it could not be taken up: delete it by force"));
    try (Rollback rollback = new Rollback()) {
      try (var handover = notifications.begin(container, waiting.listener())) {
        proceed(container, waiting);
        rollback.onFailure("start", () -> stop(container)); // nobody could start it again
        handover.finish("created", container.record().getPid());
      }
      waiting.finish(host.settings().stepTimeout());
      put(
          container,
          container.record().toBuilder()
              .setState(started)
              .setStartTime(Exits.timestamp(host.clock().instant()))
              .build());
      rollback.keep();
    }
  }

  private static void proceed(Container container, Waiting waiting) {
    try {
      waiting.program().proceed();
    } catch (LinuxException e) {
      if (e.errno() == Errno.EPIPE || e.errno() == Errno.ECONNRESET) {
        throw States.wrong(container, Operation.START, "its process has just been killed");
      }
      throw e;
    }
  }

  void signal(Container container, Fd process, int signal, Ask ask) {
    var _ = States.require(container, Operation.SIGNAL);
    recorder.recordEnd(
        sent(container, ask, signal, "process"),
        () -> {
          send(container, process, signal);
          letEnd(container, signal);
          return signal;
        },
        done -> sent(container, ask, done, "process"));
  }

  /** What stands still. */
  private void letEnd(Container container, int signal) {
    boolean paused = container.record().getState() == ContainerState.PAUSED;
    if (signal == SIGKILL && paused && !container.cgroup().endsFrozen()) {
      standstill.begin(container.cgroup());
    }
  }

  private void send(Container container, Fd process, int signal) {
    try {
      host.kernel().processes().signal(process, signal);
    } catch (LinuxException e) {
      if (e.errno() == Errno.ESRCH) {
        throw States.wrong(container, Operation.SIGNAL, "its process has just ended");
      }
      throw e;
    }
  }

  void signalAll(Container container, int signal, Ask ask) {
    var _ = States.require(container, Operation.SIGNAL);
    recordedToAll(container, signal, ask);
  }

  /** What a forced deletion begins with, in no turn: whatever else is going on, it ends. */
  void killAll(Container container, Actor actor) {
    if (container.cgroup().populated()) {
      recordedToAll(container, SIGKILL, Ask.part(actor));
    }
  }

  private void recordedToAll(Container container, int signal, Ask ask) {
    recorder.recordEnd(
        sent(container, ask, signal, "all"),
        () -> {
          sendToAll(container, signal);
          return signal;
        },
        done -> sent(container, ask, done, "all"));
  }

  /**
   * Nothing escapes: SIGKILL is the kernel's own, any other goes to processes that stand still.
   * Only where there are no cgroups, one that is being forked can.
   */
  private void sendToAll(Container container, int signal) {
    if (signal == SIGKILL) {
      container.cgroup().kill();
    } else {
      var _ = sendToMany(container, signal, pids -> pids);
    }
  }

  /**
   * Where nobody is in its foreground, to the process itself.
   *
   * @param terminal whether it has been given one
   */
  void signalForeground(Container container, Fd process, boolean terminal, int signal, Ask ask) {
    var _ = States.require(container, Operation.SIGNAL);
    if (!terminal && foreground(process).isEmpty()) {
      throw new Refusal(
              Reason.NO_TERMINAL,
              "The process has no terminal in whose foreground others could be: signal it by"
                  + " itself.",
              Map.of("container", container.record().getId()))
          .exception();
    }
    recorder.recordEnd(
        sent(container, ask, signal, "foreground"),
        () -> {
          int reached = sendToMany(container, signal, pids -> inForeground(process, pids));
          if (reached == 0) {
            send(container, process, signal);
          }
          letEnd(container, signal);
          return signal;
        },
        done -> sent(container, ask, done, "foreground"));
  }

  /**
   * Of the container's processes. They stand still, so that their groups do, and that of the
   * terminal: it may be a stranger's, where somebody outside has the terminal as his.
   */
  private List<Integer> inForeground(Fd process, List<Integer> pids) {
    OptionalInt group = foreground(process);
    return group.isEmpty()
        ? List.of()
        : pids.stream().filter(pid -> isIn(pid, group.getAsInt())).toList();
  }

  /** Of its controlling terminal, whoever has the other side; -1: nobody is. Empty: it has none. */
  private OptionalInt foreground(Fd process) {
    return host.proc()
        .stat(host.kernel().processes().pid(process))
        .filter(stat -> stat.terminal() != 0)
        .map(stat -> OptionalInt.of(stat.foreground()))
        .orElse(OptionalInt.empty());
  }

  private boolean isIn(int pid, int group) {
    return host.proc().stat(pid).filter(stat -> stat.group() == group).isPresent();
  }

  /**
   * Sends it to the chosen of the container's processes, which stand still meanwhile.
   *
   * @param choice of their pids
   * @return how many have got it
   */
  private int sendToMany(Container container, int signal, UnaryOperator<List<Integer>> choice) {
    boolean frozen =
        container.record().getState() == ContainerState.PAUSED
            || !host.cgroups().tellProcessesApart();
    if (!frozen) {
      container.cgroup().freeze();
    }
    try {
      return choice.apply(container.cgroup().processes()).stream()
          .gather(Gatherers.windowFixed(AT_A_TIME))
          .mapToInt(some -> sendToSome(container, some, signal))
          .sum();
    } finally {
      if (!frozen) {
        container.cgroup().thaw();
      }
    }
  }

  /**
   * By the time that a number is opened it may be a stranger's; he is not in the container when
   * that is listed again.
   */
  private int sendToSome(Container container, List<Integer> listed, int signal) {
    Map<Integer, Fd> opened = new HashMap<>();
    try {
      listed.forEach(pid -> open(pid).ifPresent(process -> opened.put(pid, process)));
      Set<Integer> still = Set.copyOf(container.cgroup().processes());
      List<Fd> members =
          opened.entrySet().stream()
              .filter(one -> still.contains(one.getKey()))
              .map(Map.Entry::getValue)
              .toList();
      members.forEach(member -> sendTo(member, signal));
      return members.size();
    } finally {
      opened.values().forEach(Fd::close);
    }
  }

  private Optional<Fd> open(int pid) {
    try {
      return Optional.of(host.kernel().processes().open(pid));
    } catch (LinuxException e) {
      if (e.errno() == Errno.ESRCH) {
        return Optional.empty();
      }
      throw e;
    }
  }

  private void sendTo(Fd process, int signal) {
    try {
      host.kernel().processes().signal(process, signal);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }

  private static dev.caisson.proto.events.v1.Event.Builder sent(
      Container container, Ask ask, int signal, String target) {
    return Recorder.event(container, ask)
        .setSignalSent(SignalSent.newBuilder().setSignal(signal).setTarget(target));
  }

  void pause(Container container, Ask ask) {
    ContainerState paused = States.require(container, Operation.PAUSE);
    recorder.record(
        Recorder.event(container, ask).setContainerPaused(ContainerPaused.getDefaultInstance()),
        () -> become(container, paused, () -> standStill(container), container.cgroup()::thaw),
        _ ->
            Recorder.event(container, ask)
                .setContainerPaused(ContainerPaused.getDefaultInstance()));
  }

  private void standStill(Container container) {
    standstill.begin(container.cgroup());
    if (!container.cgroup().populated()) {
      throw States.wrong(container, Operation.PAUSE, "its process has just ended");
    }
  }

  void resume(Container container, Ask ask) {
    ContainerState resumed = States.require(container, Operation.RESUME);
    recorder.recordEnd(
        Recorder.event(container, ask).setContainerResumed(ContainerResumed.getDefaultInstance()),
        () -> become(container, resumed, container.cgroup()::thaw, container.cgroup()::freeze),
        _ ->
            Recorder.event(container, ask)
                .setContainerResumed(ContainerResumed.getDefaultInstance()));
  }

  /** From now on it does not end because nobody is attached to it. */
  void detach(Container container) {
    if (container.record().getLeased()) {
      put(container, container.record().toBuilder().setLeased(false).build());
    }
  }

  void detach(Container container, ExecedProcess exec) {
    exec.record(exec.record().toBuilder().setDetached(true).build());
    if (container.execs().containsKey(exec.id())) {
      put(container, ExecedProcess.stored(container.record(), exec.record()));
    }
  }

  /**
   * When it returns no process, cgroup or record of the container is left. What is cut off is done
   * again, its hooks too.
   */
  void delete(Container container, boolean force, Ask ask) {
    requireDeletable(container, force);
    ContainerDeleted deleted = ContainerDeleted.newBuilder().setForced(force).build();
    recorder.recordEnd(
        Recorder.event(container, ask).setContainerDeleted(deleted),
        () -> {
          remove(container);
          return deleted;
        },
        done -> Recorder.event(container, ask).setContainerDeleted(done));
  }

  /** One with a process is deleted by force only. */
  void requireDeletable(Container container, boolean force) {
    if (!force) {
      var _ = States.require(container, Operation.DELETE);
    }
  }

  private void remove(Container container) {
    if (!container.sandbox().record().getDeleting()) { // which says it of all that is in it
      put(container, container.record().toBuilder().setDeleting(true).build());
    }
    container.attachments().close();
    end(container);
    events.last(container);
    forwards.cut(container);
    container.streams().ifPresent(ProcessStreams::close);
    Exits.drop(container, container.record().getToken());
    container.execs().values().forEach(exec -> Leases.close(container, exec));
    Emptied.remove(container.cgroup(), host.settings().stepTimeout());
    named.remove(container.record().getNamedCgroup());
    uppers.remove(container.uid(), container.record().getSpec());
    container.log().ifPresent(ContainerLog::remove);
    hooks.afterDelete(container);
    host.store().removeContainer(container.uid());
    container.sandbox().containersByUid().remove(container.uid());
  }

  /** Kills whatever still runs, and deals with its end here and now. */
  private void end(Container container) {
    if (container.hasEnded() && hasOwnProcesses(container)) {
      return; // pid_namespaces(7): the kernel has ended all others before it reported the first
    }
    container.cgroup().kill();
    if (!container.cgroup().awaitEmpty(host.settings().stepTimeout())) {
      throw new LinuxException("end", "the container's processes", Errno.EBUSY);
    }
    awaitEnds(container);
    if (!container.hasEnded()) {
      exits.lost(container); // there is nobody who could tell
    }
    usage.sample(container.sandbox()); // of what ran on after the first process's end
  }

  private static boolean hasOwnProcesses(Container container) {
    return container.record().getSpec().getNamespacesList().stream()
        .anyMatch(namespace -> namespace.getType() == Namespace.Type.PID);
  }

  /** It is so when this returns, and its record says so; or neither. */
  private Container become(Container container, ContainerState next, Runnable make, Runnable undo) {
    try (Rollback rollback = new Rollback()) {
      rollback.onFailure("become " + next, undo);
      make.run();
      put(container, container.record().toBuilder().setState(next).build());
      rollback.keep();
      return container;
    }
  }

  private void put(Container container, ContainerRecord next) {
    host.store().put(next);
    container.record(next);
  }
}
