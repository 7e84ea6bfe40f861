package dev.caisson.executor.sandbox;

import com.google.protobuf.Timestamp;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.plan.FilterRules;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.ProcessRecord;
import dev.caisson.proto.events.v1.ContainerExited;
import dev.caisson.proto.events.v1.ExecExited;
import dev.caisson.proto.types.v1.ContainerState;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.ProcessUsage;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What happens when a process has ended: the exit is made durable, recorded, told to those who
 * wait, and only then acknowledged to caisson-init. In the sandbox's queue.
 */
final class Exits {
  private static final System.Logger LOG = System.getLogger(Exits.class.getName());
  private static final int SIGKILL = 9;

  private final Host host;
  private final Recorder recorder;
  private final Usage usage;
  private final KernelEvents events;

  Exits(Host host, Recorder recorder, Usage usage, KernelEvents events) {
    this.host = host;
    this.recorder = recorder;
    this.usage = usage;
    this.events = events;
  }

  /** From now on the end of the container's first process is dealt with. */
  void expect(Container container) {
    container
        .sandbox()
        .onEnd(
            container.record().getToken(),
            end -> {
              if (!container.exit().isDone()) { // as lost, by now
                ended(container, status(container, end));
              }
            });
  }

  void expect(Container container, ExecedProcess exec) {
    container
        .sandbox()
        .onEnd(
            exec.token(),
            end -> {
              if (!exec.exit().isDone()) {
                ended(container, exec, status(container, end));
              }
            });
  }

  /** The sandbox is gone, and with it what would have told how its processes ended. */
  void lost(Container container) {
    container.execs().values().forEach(exec -> lost(container, exec));
    if (!container.exit().isDone()) {
      ended(container, assumed());
    }
  }

  /** The same of one of its exec'd processes. */
  void lost(Container container, ExecedProcess exec) {
    if (!exec.exit().isDone()) {
      ended(container, exec, assumed());
    }
  }

  /** Of what has ended unseen. */
  private ExitStatus assumed() {
    return ExitStatus.newBuilder()
        .setSignal(SIGKILL)
        .setLost(true)
        .setTime(timestamp(host.clock().instant()))
        .build();
  }

  private void ended(Container container, ExitStatus status) {
    ContainerRecord stopped =
        container.record().toBuilder()
            .setState(ContainerState.STOPPED)
            .setPid(0)
            .setExit(status)
            .build();
    host.store().put(stopped);
    container.record(stopped);
    tell(container, status);
    container.cgroup().spent(cpu(status));
    container.running().ifPresent(Container.Running::close);
    attempt(container, () -> usage.sample(container.sandbox()));
    attempt(container, () -> acknowledge(container, stopped.getToken()));
    container.exit().complete(status);
    attempt(container, () -> endWithRoot(container.sandbox()));
  }

  /** Whether the container that it was made for has ended. */
  static boolean isOver(Sandbox sandbox) {
    return sandbox.root().map(root -> root.exit().isDone()).orElse(false);
  }

  /** Kills what is left in a sandbox whose end has come. */
  static void endWithRoot(Sandbox sandbox) {
    if (isOver(sandbox)) {
      sandbox.containers().stream().filter(one -> !one.isRoot()).forEach(Exits::kill);
    }
  }

  /** What stands still too. */
  private static void kill(Container container) {
    container.cgroup().kill();
    if (container.record().getState() == ContainerState.PAUSED
        && !container.cgroup().endsFrozen()) {
      container.cgroup().thaw();
    }
  }

  /** It is recorded: what else there is to do must not have that done again. */
  private static void attempt(Container container, Runnable further) {
    try {
      further.run();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "After the end of a process of " + container.uid(), e);
    }
  }

  private void ended(Container container, ExecedProcess exec, ExitStatus status) {
    ProcessRecord ended = exec.record().toBuilder().setPid(0).setExit(status).build();
    ContainerRecord next = ExecedProcess.stored(container.record(), ended);
    host.store().put(next);
    container.record(next);
    exec.ended(ended);
    tell(container, ended, status);
    container.cgroup().spent(cpu(status));
    attempt(container, () -> acknowledge(container, exec.token()));
    exec.exit().complete(status);
  }

  /** What an earlier life of the executor was told of those that had ended. */
  static void spent(Container container) {
    ContainerRecord record = container.record();
    container.cgroup().spent(Duration.ofNanos(record.getSpentNanos()));
    container.cgroup().spent(cpu(record.getExit()));
    record.getExecsList().forEach(exec -> container.cgroup().spent(cpu(exec.getExit())));
  }

  static Duration cpu(ExitStatus status) {
    ProcessUsage used = status.getUsage();
    return Duration.ofNanos(used.getUserNanos() + used.getSystemNanos());
  }

  /**
   * An earlier life of the executor kept the end and did not acknowledge it: nobody knows whether
   * it has recorded it. Twice is better than never.
   */
  void tellAgain(Container container) {
    tell(container, container.record().getExit());
  }

  /**
   * The same of a sandbox that is lost, whose caisson-init would have known: of the ends that were
   * kept, those by the loss itself, and the last. Each was told before the next was kept.
   */
  void tellLast(Sandbox sandbox) {
    List<Kept> kept =
        sandbox.containers().stream().flatMap(container -> kept(container).stream()).toList();
    kept.stream().filter(end -> end.exit().getLost()).forEach(Kept::tell);
    kept.stream()
        .filter(end -> !end.exit().getLost())
        .max(Comparator.comparing(end -> instant(end.exit().getTime())))
        .ifPresent(Kept::tell);
  }

  /** An end that an earlier life has kept. */
  private record Kept(ExitStatus exit, Runnable telling) {
    void tell() {
      telling.run();
    }
  }

  private List<Kept> kept(Container container) {
    List<Kept> kept = new ArrayList<>();
    if (container.record().hasExit()) {
      kept.add(new Kept(container.record().getExit(), () -> tellAgain(container)));
    }
    container.execs().values().stream()
        .filter(exec -> exec.record().hasExit())
        .map(exec -> new Kept(exec.record().getExit(), () -> tellAgain(container, exec)))
        .forEach(kept::add);
    return kept;
  }

  /** The same of an exec'd process. */
  void tellAgain(Container container, ExecedProcess exec) {
    tell(container, exec.record(), exec.record().getExit());
  }

  private void tell(Container container, ExitStatus status) {
    events.ended(container, status);
    recorder.observe(
        Recorder.event(container)
            .setContainerExited(ContainerExited.newBuilder().setStatus(status)));
  }

  private void tell(Container container, ProcessRecord exec, ExitStatus status) {
    events.ended(container, status);
    Duration duration = Duration.between(instant(exec.getStartTime()), instant(status.getTime()));
    recorder.observe(
        Recorder.event(container, exec.getId())
            .setExecExited(
                ExecExited.newBuilder().setStatus(status).setDuration(protoDuration(duration))));
  }

  private static void acknowledge(Container container, long token) {
    container.sandbox().holder().ifPresent(holder -> holder.acknowledge(token));
  }

  /**
   * What caisson-init holds for the process. A container's output may be read until its deletion,
   * an exec'd process's as long as its lease.
   */
  static void drop(Container container, long token) {
    dropStreams(container, token);
    container
        .sandbox()
        .holder()
        .ifPresent(holder -> {
          if (FilterRules.notifies(container.record().getSpec().getSeccomp())) {
            Notifications.drop(holder, token);
          }
        });
  }

  /** Of an exec'd process. */
  static void dropStreams(Container container, long token) {
    container
        .sandbox()
        .holder()
        .ifPresent(holder -> {
          holder.drop(token);
          holder.drop(Stdio.inputToken(token));
        });
  }

  private ExitStatus status(Container container, ProcessEnd end) {
    return ExitStatus.newBuilder()
        .setCode(end.code())
        .setSignal(end.signal())
        .setOutOfMemory(container.cgroup().oomKills() > 0)
        .setTime(timestamp(end.time()))
        .setUsage(
            ProcessUsage.newBuilder()
                .setUserNanos(end.user().toNanos())
                .setSystemNanos(end.system().toNanos())
                .setMaxRssBytes(end.maxRssBytes()))
        .build();
  }

  static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }

  static Instant instant(Timestamp timestamp) {
    return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
  }

  static com.google.protobuf.Duration protoDuration(Duration duration) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }
}
