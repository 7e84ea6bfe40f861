package dev.caisson.executor.cgroup;

import java.util.HashSet;
import java.util.Set;

/**
 * Killing without {@code cgroup.kill}: frozen, so that nothing is forked meanwhile, each process
 * gets SIGKILL, and ends when it is thawed. Where there is none, nothing can be forked.
 */
record OneByOne(MountedCgroup cgroup) {
  /** Many more than a fork bomb has been seen to need. */
  private static final int MOST_ROUNDS = 10_000;

  void kill() {
    if (cgroup.populated()) {
      killFrozen();
    }
  }

  private void killFrozen() {
    int rounds = standStill() ? 1 : MOST_ROUNDS;
    Set<Integer> killed = new HashSet<>();
    try {
      for (int round = 0; round < rounds && killOthers(killed); round++) {}
    } finally {
      cgroup.thawTree();
    }
  }

  /** One that cannot is killed like the others; who waits for the end is told. */
  private boolean standStill() {
    try {
      cgroup.freeze();
      return true;
    } catch (CgroupException e) {
      if (e.kind() != CgroupException.Kind.BUSY) {
        throw e;
      }
      return false;
    }
  }

  /**
   * Who has been killed forks no more: when there is nobody else, there will be nobody.
   *
   * @return whether there was
   */
  private boolean killOthers(Set<Integer> killed) {
    boolean any = false;
    for (int pid : cgroup.processes()) {
      if (killed.add(pid)) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        any = true;
      }
    }
    return any;
  }
}
