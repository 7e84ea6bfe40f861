package dev.caisson.executor.init;

import dev.caisson.linux.Kernel;
import java.time.Duration;

/** A caisson-init on its way to serving: its program runs, and may wait at barriers. */
public record LaunchedInit(InitClient client, StartedProcess process) {

  /** Blocks until the program is through and caisson-init serves. */
  public void awaitReady(Duration timeout) {
    Progress progress = process.program().await(timeout);
    if (!(progress instanceof Progress.Executed)) {
      throw new ProgramFailed(progress);
    }
    client.awaitReady();
  }

  /** Ends it. */
  void discard(Kernel kernel) {
    InitClient.end(kernel, process.pidfd());
    process.pidfd().close();
    process.program().close();
    client.close();
  }

  /** The program did not come to its end; {@link #progress} says where. */
  public static final class ProgramFailed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Progress progress;

    public ProgramFailed(Progress progress) {
      super("the sandbox's program ended early: " + progress);
      this.progress = progress;
    }

    public Progress progress() {
      return progress;
    }
  }
}
