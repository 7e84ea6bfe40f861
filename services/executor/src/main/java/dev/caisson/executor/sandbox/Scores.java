package dev.caisson.executor.sandbox;

import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;

/** When the kernel, out of memory, chooses a process: proc_pid_oom_score_adj(5). */
final class Scores {
  private Scores() {}

  static void adjust(Host host, Fd pidfd, int score) {
    try {
      host.proc().write(pidfd, "oom_score_adj", Integer.toString(score));
    } catch (LinuxException e) {
      throw StepFailure.of("set the OOM score", "process.oom_score_adj", e);
    }
  }
}
