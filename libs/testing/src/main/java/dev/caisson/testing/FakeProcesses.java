package dev.caisson.testing;

import dev.caisson.linux.ChildStatus;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Processes;
import dev.caisson.linux.SpawnRequest;
import dev.caisson.linux.Spawned;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** {@link Processes} that a test plays. */
final class FakeProcesses implements Processes {
  private static final int FIRST_PID = 100;

  private final Monitor monitor;
  private final Recorder recorder;
  private final OpenFiles open;
  private final List<FakeProcess> processes = new ArrayList<>();
  private Consumer<FakeProcess> onSpawn = process -> {};

  FakeProcesses(Monitor monitor, Recorder recorder, OpenFiles open) {
    this.monitor = monitor;
    this.recorder = recorder;
    this.open = open;
  }

  private <T> T call(Supplier<T> action, String operation, Object... arguments) {
    recorder.enter("processes." + operation, arguments);
    return monitor.change(action);
  }

  List<FakeProcess> spawned() {
    return monitor.change(() -> List.copyOf(processes));
  }

  void onSpawn(Consumer<FakeProcess> action) {
    monitor.change(() -> onSpawn = action);
  }

  @Override
  public Spawned spawn(SpawnRequest request) {
    return call(
        () -> {
          FakeProcess process = new FakeProcess(monitor, FIRST_PID + processes.size(), request);
          processes.add(process);
          onSpawn.accept(process);
          return new Spawned(process.pid(), open.add(new OpenProcess(process)));
        },
        "spawn",
        request);
  }

  @Override
  public Fd open(int pid) {
    return call(() -> open.add(new OpenProcess(find(pid))), "open", pid);
  }

  private FakeProcess find(int pid) {
    return processes.stream()
        .filter(process -> process.pid() == pid && !process.isReaped())
        .findFirst()
        .orElseThrow(() -> new LinuxException("open", "process " + pid, Errno.ESRCH));
  }

  /** A fake process is alone in its group. */
  @Override
  public void signalGroup(Fd pidfd, int signal) {
    send("signalGroup", pidfd, signal);
  }

  @Override
  public void signal(Fd pidfd, int signal) {
    send("signal", pidfd, signal);
  }

  private void send(String operation, Fd pidfd, int signal) {
    call(
        () -> {
          FakeProcess process = process(pidfd);
          if (process.isReaped()) {
            throw new LinuxException("signal the process of", pidfd.toString(), Errno.ESRCH);
          }
          process.signal(signal);
          return process;
        },
        operation,
        pidfd,
        signal);
  }

  @Override
  public Optional<ChildStatus> reap(Fd pidfd) {
    return call(
        () -> {
          FakeProcess process = process(pidfd);
          if (process.isReaped()) {
            throw new LinuxException("reap the process of", pidfd.toString(), Errno.ECHILD);
          }
          return process.reap();
        },
        "reap",
        pidfd);
  }

  @Override
  public boolean awaitEnd(Fd pidfd, Duration timeout) {
    return call(
        () -> {
          FakeProcess process = process(pidfd);
          return monitor.await(process::hasEnded, timeout);
        },
        "awaitEnd",
        pidfd,
        timeout);
  }

  @Override
  public int pid(Fd pidfd) {
    return call(
        () -> {
          FakeProcess process = process(pidfd);
          return process.isReaped() ? -1 : process.pid();
        },
        "pid",
        pidfd);
  }

  /** A fake process has no limits. */
  @Override
  public long ownHardLimit(int resource) {
    return call(() -> -1L, "ownHardLimit", resource);
  }

  @Override
  public void raiseHardLimit(Fd pidfd, int resource, long hard) {
    call(
        () -> {
          if (process(pidfd).isReaped()) {
            throw new LinuxException("raise a limit of", pidfd.toString(), Errno.ESRCH);
          }
          return pidfd;
        },
        "raiseHardLimit",
        pidfd,
        resource,
        hard);
  }

  /** No fake file is a namespace. */
  @Override
  public int namespaceType(Fd namespace) {
    throw new LinuxException("tell the type of namespace", namespace.toString(), Errno.ENOTTY);
  }

  @Override
  public Optional<Fd> parentNamespace(Fd namespace) {
    throw new LinuxException("open the parent of", namespace.toString(), Errno.ENOTTY);
  }

  private FakeProcess process(Fd pidfd) {
    return open.get(pidfd, OpenProcess.class, Errno.EBADF).process();
  }
}
