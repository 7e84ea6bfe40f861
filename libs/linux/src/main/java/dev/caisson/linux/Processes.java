package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import java.time.Duration;
import java.util.Optional;

/** Children and other processes, by pidfd. Thread-safe. */
public interface Processes {
  /**
   * Starts a program with posix_spawn(3), never fork. The child inherits the given descriptors and
   * nothing else, has the default disposition of every signal and blocks none.
   *
   * <p>When it returns, the program has been executed: ENOENT, EACCES and the like are failures of
   * this call.
   */
  Spawned spawn(SpawnRequest request);

  /** pidfd_open(2). A bare pid may be another process's by now: check what was opened. */
  Fd open(int pid);

  /**
   * pidfd_send_signal(2).
   *
   * @param signal 0 to test for existence only
   */
  void signal(Fd pidfd, int signal);

  /**
   * Sends SIGKILL.
   *
   * @return false when there was no process any more, which is fine
   */
  default boolean kill(Fd pidfd) {
    try {
      signal(pidfd, Constants.SIGKILL);
      return true;
    } catch (LinuxException e) {
      if (e.errno() == Errno.ESRCH) {
        return false;
      }
      throw e;
    }
  }

  /**
   * Sends a signal to the process group that the process leads: pidfd_send_signal(2) with
   * PIDFD_SIGNAL_PROCESS_GROUP; before Linux 6.9 kill(2), as long as the process is not reaped.
   */
  void signalGroup(Fd pidfd, int signal);

  /** The end of a child, once; empty while it runs. ECHILD if it is none of ours, or was reaped. */
  Optional<ChildStatus> reap(Fd pidfd);

  /**
   * Waits until the process ends; it need not be a child.
   *
   * @return false when the time was up first
   */
  boolean awaitEnd(Fd pidfd, Duration timeout);

  /**
   * Which namespace a file is, NS_GET_NSTYPE of ioctl_ns(2): CLONE_NEWNET … ENOTTY for any other
   * file.
   */
  int namespaceType(Fd namespace);

  /**
   * The PID or user namespace in which this one was made, NS_GET_PARENT of ioctl_ns(2). Empty where
   * that is outside of this process's own. The receiver closes it.
   */
  Optional<Fd> parentNamespace(Fd namespace);

  /**
   * This process's own hard limit of that number: getrlimit(2). All ones: there is none.
   *
   * @param resource {@code RLIMIT_…} of asm-generic/resource.h
   */
  long ownHardLimit(int resource);

  /**
   * Lets the hard limit of a process be at least so high, by prlimit(2), which takes
   * CAP_SYS_RESOURCE; its soft limit stays. A process that ends meanwhile is ESRCH.
   *
   * @param resource as above
   * @param hard unsigned
   */
  void raiseHardLimit(Fd pidfd, int resource, long hard);

  /** The process's pid in this process's PID namespace; -1 once it was reaped. */
  int pid(Fd pidfd);
}
