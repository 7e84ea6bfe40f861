package dev.caisson.executor.cgroup;

/**
 * Killing without {@code cgroup.kill}: frozen, so that nothing is forked meanwhile, each process
 * gets SIGKILL, and ends when it is thawed. Where there is none, nothing can be forked.
 */
record OneByOne(MountedCgroup cgroup) {
  void kill() {
    if (cgroup.populated()) {
      killFrozen();
    }
  }

  private void killFrozen() {
    try {
      cgroup.freeze();
    } catch (CgroupException e) {
      if (e.kind() != CgroupException.Kind.BUSY) {
        throw e;
      }
      // One that cannot stand still is killed like the others; who waits for the end is told.
    }
    try {
      cgroup
          .processes()
          .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    } finally {
      cgroup.thawTree();
    }
  }
}
