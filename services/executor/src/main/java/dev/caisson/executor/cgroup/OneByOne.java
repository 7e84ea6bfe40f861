package dev.caisson.executor.cgroup;

/**
 * Killing without {@code cgroup.kill}: frozen, so that nothing is forked meanwhile, each process
 * gets SIGKILL.
 */
record OneByOne(MountedCgroup cgroup) {
  void kill() {
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
