package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.PidfdInfo;
import dev.caisson.linux.abi.ResourceLimits;
import dev.caisson.linux.abi.SigInfo;
import dev.caisson.linux.abi.SystemCallNumbers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** {@link Processes} by system calls, and posix_spawn(3). */
final class LinuxProcesses implements Processes {
  /** The line of /proc/self/fdinfo with a pidfd's process, proc_pid_fdinfo(5). */
  private static final String PID_FIELD = "Pid:";

  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  private final Files files;

  LinuxProcesses(Files files) {
    this.files = files;
  }

  @Override
  public Spawned spawn(SpawnRequest request) {
    try (Inheritance inheritance = Inheritance.of(files, request.descriptors());
        Spawn spawn = new Spawn(request, inheritance)) {
      int pid = spawn.start();
      return new Spawned(pid, openOrKill(pid));
    }
  }

  /** Until somebody reaps it, which only a pidfd's holder does, the child's pid is its own. */
  private Fd openOrKill(int pid) {
    try {
      return open(pid);
    } catch (RuntimeException e) {
      Downcalls.syscall(CALLS.kill(), pid, Constants.SIGKILL);
      Outcome.uninterrupted(
          () -> Downcalls.syscall(CALLS.waitid(), Constants.P_PID, pid, 0, Constants.WEXITED));
      throw e;
    }
  }

  @Override
  public Fd open(int pid) {
    long result = Downcalls.syscall(CALLS.pidfdOpen(), pid, 0);
    return Fd.adopt((int) Outcome.require(result, "open", "process " + pid));
  }

  @Override
  public void signal(Fd pidfd, int signal) {
    long result =
        pidfd.use(number -> Downcalls.syscall(CALLS.pidfdSendSignal(), number, signal, 0, 0));
    Outcome.require(result, "signal the process of", pidfd);
  }

  @Override
  public void signalGroup(Fd pidfd, int signal) {
    int flags = Constants.PIDFD_SIGNAL_PROCESS_GROUP;
    long result =
        pidfd.use(number -> Downcalls.syscall(CALLS.pidfdSendSignal(), number, signal, 0, flags));
    if (result == -Errno.EINVAL.number()) {
      result = signalGroupByNumber(pidfd, signal);
    }
    Outcome.require(result, "signal the group of", pidfd);
  }

  private long signalGroupByNumber(Fd pidfd, int signal) {
    int pid = pid(pidfd);
    return pid > 0 ? Downcalls.syscall(CALLS.kill(), -pid, signal) : -Errno.ESRCH.number();
  }

  @Override
  public Optional<ChildStatus> reap(Fd pidfd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = SigInfo.in(arena);
      int options = Constants.WEXITED | Constants.WNOHANG;
      long result =
          pidfd.use(number ->
              Downcalls.syscall(
                  CALLS.waitid(), Constants.P_PIDFD, number, info.address(), options, 0));
      Outcome.require(result, "reap the process of", pidfd);
      return SigInfo.pid(info) == 0 ? Optional.empty() : Optional.of(status(info));
    }
  }

  private static ChildStatus status(MemorySegment info) {
    int status = SigInfo.status(info);
    return SigInfo.code(info) == Constants.CLD_EXITED
        ? new ChildStatus(status, 0)
        : new ChildStatus(0, status);
  }

  @Override
  public boolean awaitEnd(Fd pidfd, Duration timeout) {
    return Waiting.untilReadable(pidfd, timeout);
  }

  @Override
  public int pid(Fd pidfd) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment info = PidfdInfo.in(arena);
      long result =
          pidfd.use(
              number -> Downcalls.syscall(CALLS.ioctl(), number, PidfdInfo.GET, info.address()));
      if (Outcome.is(result, Errno.ESRCH)) {
        return -1;
      }
      if (Outcome.is(result, Errno.ENOTTY) || Outcome.is(result, Errno.EINVAL)) {
        return pidByText(pidfd);
      }
      Outcome.require(result, "read the pid of", pidfd);
      return PidfdInfo.pid(info);
    }
  }

  /** Before Linux 6.13. */
  int pidByText(Fd pidfd) {
    return (int) pidfd.use(this::pidByText);
  }

  private long pidByText(int number) {
    try (Fd info = files.open(Path.of("/proc/self/fdinfo/" + number), OpenFlag.READ_ONLY)) {
      return new String(files.readGenerated(info, Files.GENERATED_PAGE), StandardCharsets.US_ASCII)
          .lines()
          .filter(line -> line.startsWith(PID_FIELD))
          .mapToInt(line -> Integer.parseInt(line.substring(PID_FIELD.length()).strip()))
          .findFirst()
          .orElseThrow(
              () -> new LinuxException("read the pid of", "descriptor " + number, Errno.EBADF));
    }
  }

  @Override
  public long ownHardLimit(int resource) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = ResourceLimits.in(arena);
      long result = Downcalls.syscall(CALLS.prlimit64(), 0, resource, 0, limits.address());
      Outcome.require(result, "read", "limit " + resource);
      return ResourceLimits.hard(limits);
    }
  }

  /** prlimit(2) takes a number alone: whose it is, is asked before and after. */
  @Override
  public void raiseHardLimit(Fd pidfd, int resource, long hard) {
    int pid = requirePid(pidfd);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = ResourceLimits.in(arena);
      long read = Downcalls.syscall(CALLS.prlimit64(), pid, resource, 0, limits.address());
      Outcome.require(read, "read limits of", pidfd);
      if (Long.compareUnsigned(hard, ResourceLimits.hard(limits)) > 0) {
        ResourceLimits.hard(limits, hard);
        long set = Downcalls.syscall(CALLS.prlimit64(), pid, resource, limits.address(), 0);
        Outcome.require(set, "raise a limit of", pidfd);
      }
    }
    if (requirePid(pidfd) != pid) {
      throw new LinuxException("raise a limit of", pidfd.toString(), Errno.ESRCH);
    }
  }

  private int requirePid(Fd pidfd) {
    int pid = pid(pidfd);
    if (pid <= 0) {
      throw new LinuxException("raise a limit of", pidfd.toString(), Errno.ESRCH);
    }
    return pid;
  }

  @Override
  public int namespaceType(Fd namespace) {
    long result =
        namespace.use(
            number -> Downcalls.syscall(CALLS.ioctl(), number, Constants.NS_GET_NSTYPE, 0));
    return (int) Outcome.require(result, "tell the type of namespace", namespace);
  }

  @Override
  public Optional<Fd> parentNamespace(Fd namespace) {
    long result =
        namespace.use(
            number -> Downcalls.syscall(CALLS.ioctl(), number, Constants.NS_GET_PARENT, 0));
    return Outcome.is(result, Errno.EPERM)
        ? Optional.empty()
        : Optional.of(Fd.adopt((int) Outcome.require(result, "open the parent of", namespace)));
  }
}
