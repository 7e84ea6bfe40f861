package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.init.StartedProcess;

/**
 * A process that has been put where a container will live, and waits for the container's program.
 *
 * @param uid the container's
 * @param token the process's, in caisson-init's protocol
 * @param cgroup the container's, which the process is in
 * @param stdio pipes; the inside ends are here too
 * @param pid in the host's PID namespace
 * @param startTicks when the process was born
 */
record Placed(
    String uid,
    long token,
    Cgroup cgroup,
    StartedProcess process,
    Stdio stdio,
    int pid,
    long startTicks)
    implements AutoCloseable {

  Placed with(Stdio other) {
    return new Placed(uid, token, cgroup, process, other, pid, startTicks);
  }

  /** Only the executor's descriptors: the process is not ended. */
  @Override
  public void close() {
    process.pidfd().close();
    process.program().close();
    stdio.close();
  }
}
