package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.HostLimits;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Processes;
import dev.caisson.proto.types.v1.Process;
import java.util.HashMap;
import java.util.Map;

/** Limits of processes, getrlimit(2): the executor's own, and those that it raises. */
final class ProcessLimits {
  /** {@code CAP_SYS_RESOURCE} of linux/capability.h. */
  private static final int SYS_RESOURCE = 24;

  private ProcessLimits() {}

  static HostLimits ofThisProcess(Host host) {
    Processes processes = host.kernel().processes();
    Map<Integer, Long> hard = new HashMap<>();
    for (int number = 0; number < HostLimits.COUNT; number++) {
      hard.put(number, processes.ownHardLimit(number));
    }
    return new HostLimits(
        hard, host.proc().hasCapability(SYS_RESOURCE), host.proc().mostOpenFiles());
  }

  /** While the process waits. */
  static void raise(Host host, Fd pidfd, Process process, HostLimits inherited) {
    for (HostLimits.Raised limit : inherited.raisedBy(process)) {
      try {
        host.kernel().processes().raiseHardLimit(pidfd, limit.number(), limit.hard());
      } catch (LinuxException e) {
        throw StepFailure.of("raise limit " + limit.name(), limit.field(), e);
      }
    }
  }
}
