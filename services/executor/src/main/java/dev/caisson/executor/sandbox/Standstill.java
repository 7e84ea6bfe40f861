package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How the processes of a container come to stand still: what was killed before ends, also where
 * nothing ends that stands still. In the sandbox's queue.
 */
record Standstill(Host host) {
  private static final System.Logger LOG = System.getLogger(Standstill.class.getName());

  /** Returns when all stand still that have not been killed. */
  void begin(Cgroup cgroup) {
    cgroup.freeze();
    if (!cgroup.endsFrozen() && endKilled(cgroup) && cgroup.populated()) {
      cgroup.freeze();
    }
  }

  /** Those that were about to die when they were stopped go on until they have. */
  private boolean endKilled(Cgroup cgroup) {
    List<Fd> killed = new ArrayList<>();
    try {
      cgroup.processes().forEach(pid -> killed(pid).ifPresent(killed::add));
      if (killed.isEmpty()) {
        return false;
      }
      cgroup.thaw();
      killed.forEach(one -> host.kernel().processes().awaitEnd(one, host.settings().stepTimeout()));
      return true;
    } finally {
      killed.forEach(Fd::close);
    }
  }

  private Optional<Fd> killed(int pid) {
    try {
      Fd process = host.kernel().processes().open(pid);
      if (host.proc().isKilled(pid)) {
        return Optional.of(process);
      }
      process.close();
    } catch (LinuxException e) {
      LOG.log(Level.DEBUG, "Process {0} is not there: {1}", pid, e.getMessage());
    }
    return Optional.empty();
  }
}
