package dev.caisson.executor.cgroup;

/**
 * Killing without {@code cgroup.kill}: frozen, so that nothing is forked meanwhile, each process
 * gets SIGKILL. Where there is none, nothing can be forked.
 */
record OneByOne(MountedCgroup cgroup) {
  void kill() {
    if (cgroup.populated()) {
      killFrozen();
    }
  }

  private void killFrozen() {
    cgroup.freeze();
    try {
      cgroup
          .processes()
          .forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    } finally {
      cgroup.thaw();
    }
  }
}
