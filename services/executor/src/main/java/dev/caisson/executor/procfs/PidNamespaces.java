package dev.caisson.executor.procfs;

import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;

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

  /**
   * A process, and no other that has its number later.
   *
   * @param startTicks as {@link ProcessStat} has them
   */
  public record Root(int pid, long startTicks) {}

  /** Empty when it is gone. */
  public Optional<Root> root(int pid) {
    return proc.stat(pid).map(PidNamespaces::root);
  }

  private static Root root(ProcessStat stat) {
    return new Root(stat.pid(), stat.startTicks());
  }

  /** The same of these and their descendants. */
  public Duration cpuOfDescent(Set<Root> roots) {
    return descent(roots).stream()
        .map(stat -> stat.cpu().plus(stat.children()))
        .reduce(Duration.ZERO, Duration::plus);
  }

  /**
   * These and their descendants, which need no right to look into their namespace: who is orphaned
   * in one becomes a child of its first process.
   */
  public List<Integer> membersByDescent(Set<Root> roots) {
    return descent(roots).stream().map(ProcessStat::pid).toList();
  }

  private List<ProcessStat> descent(Set<Root> roots) {
    Map<Integer, ProcessStat> all =
        proc.processes().stream()
            .flatMap(pid -> proc.stat(pid).stream())
            .collect(Collectors.toMap(ProcessStat::pid, Function.identity()));
    return all.values().stream().filter(stat -> descends(stat, all, roots)).toList();
  }

  /** They were read one after the other: parents that go round in a circle are possible. */
  private static boolean descends(
      ProcessStat stat, Map<Integer, ProcessStat> all, Set<Root> roots) {
    Optional<ProcessStat> at = Optional.of(stat);
    for (int steps = 0; at.isPresent() && steps < all.size(); steps++) {
      if (roots.contains(root(at.get()))) {
        return true;
      }
      at = Optional.ofNullable(all.get(at.get().parent()));
    }
    return false;
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
    kill(first, () -> of(first).filter(namespace::sameFile).isPresent());
  }

  /** The same of one whose namespace may not be looked at. */
  public void kill(Root first) {
    kill(first.pid(), () -> root(first.pid()).filter(first::equals).isPresent());
  }

  /** What is true once the pidfd is there is true of the process that it means. */
  private void kill(int pid, BooleanSupplier meant) {
    try (Fd pidfd = kernel.processes().open(pid)) {
      if (meant.getAsBoolean()) {
        var _ = kernel.processes().kill(pidfd);
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }
}
