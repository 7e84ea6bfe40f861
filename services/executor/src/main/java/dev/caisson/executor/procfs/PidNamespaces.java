package dev.caisson.executor.procfs;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Which processes are in a PID namespace: this tells those of a container from all others where
 * there is no cgroup for them.
 *
 * <p>Thread-safe.
 */
public final class PidNamespaces {
  private final Kernel kernel;
  private final TrustedProc proc;

  public PidNamespaces(Kernel kernel, TrustedProc proc) {
    this.kernel = kernel;
    this.proc = proc;
  }

  /** The namespace of whatever process has this number now; empty when none of ours has. */
  public Optional<FileStatus> of(int pid) {
    try (Fd namespace = proc.namespace(pid, "pid")) {
      return Optional.of(kernel.files().status(namespace));
    } catch (LinuxException e) {
      return nothing(e);
    }
  }

  /** Whether this process is in it. */
  public boolean isOwn(FileStatus namespace) {
    try (Fd own = proc.ownNamespace("pid")) {
      return kernel.files().status(own).sameFile(namespace);
    }
  }

  /** Those in it, and in the namespaces below it. */
  public List<Integer> members(FileStatus namespace) {
    return proc.processes().stream().filter(pid -> isIn(pid, namespace)).toList();
  }

  /** CPU time of these, and of their children that have ended and been waited for. */
  public Duration cpu(FileStatus namespace) {
    return members(namespace).stream()
        .flatMap(pid -> proc.stat(pid).stream())
        .map(stat -> stat.cpu().plus(stat.children()))
        .reduce(Duration.ZERO, Duration::plus);
  }

  private boolean isIn(int pid, FileStatus wanted) {
    try {
      return leadsTo(proc.namespace(pid, "pid"), wanted);
    } catch (LinuxException e) {
      Optional<Boolean> outside = nothing(e);
      return outside.orElse(false);
    }
  }

  /** Closes what it is given. */
  private boolean leadsTo(Fd namespace, FileStatus wanted) {
    Optional<Fd> next = Optional.of(namespace);
    while (next.isPresent()) {
      try (Fd current = next.get()) {
        if (kernel.files().status(current).sameFile(wanted)) {
          return true;
        }
        next = kernel.processes().parentNamespace(current);
      }
    }
    return false;
  }

  /** It has ended, or it belongs to somebody else. */
  private static <T> Optional<T> nothing(LinuxException e) {
    if (e.errno() == Errno.ENOENT || e.errno() == Errno.ESRCH || e.errno() == Errno.EACCES) {
      return Optional.empty();
    }
    throw e;
  }

  /**
   * Kills the namespace's first process, and with it, by the kernel, all others.
   *
   * @param first its number once; nothing happens when that is another process's now
   */
  public void kill(int first, FileStatus namespace) {
    try (Fd pidfd = kernel.processes().open(first)) {
      if (of(first).filter(namespace::sameFile).isPresent()) {
        var _ = kernel.processes().kill(pidfd);
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }
}
