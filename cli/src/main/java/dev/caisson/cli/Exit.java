package dev.caisson.cli;

import dev.caisson.proto.types.v1.ExitStatus;

/** Exit codes of the client; those above 2 are the ones that shells and container tools use. */
final class Exit {
  static final int OK = 0;
  static final int NOT_SO = 1;
  static final int USAGE = 2;
  static final int CAISSON_FAILED = 125;
  static final int NOT_EXECUTABLE = 126;
  static final int NOT_FOUND = 127;

  /** What a shell adds to the number of the signal that ended a process. */
  private static final int SIGNAL_BASE = 128;

  private Exit() {}

  static int of(ExitStatus status) {
    return status.getSignal() == 0 ? status.getCode() : SIGNAL_BASE + status.getSignal();
  }
}
