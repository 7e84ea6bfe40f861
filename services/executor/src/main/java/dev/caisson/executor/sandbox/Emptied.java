package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.CgroupException;
import java.time.Duration;

/** Cgroups in which nothing can be left but what somebody else has put there. */
final class Emptied {
  private Emptied() {}

  /** Removes it, with the processes that do not belong there. */
  static void remove(Cgroup cgroup, Duration timeout) {
    try {
      cgroup.remove();
    } catch (CgroupException e) {
      cgroup.kill();
      cgroup.awaitEmpty(timeout);
      cgroup.remove();
    }
  }
}
