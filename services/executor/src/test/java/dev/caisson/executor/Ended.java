package dev.caisson.executor;

import dev.caisson.proto.types.v1.ExitStatus;
import java.nio.charset.StandardCharsets;

/** A process that has ended, and what it printed. */
record Ended(ExitStatus status, byte[] stdout, byte[] stderr) {
  String out() {
    return new String(stdout, StandardCharsets.UTF_8);
  }

  String err() {
    return new String(stderr, StandardCharsets.UTF_8);
  }

  int code() {
    return status.getCode();
  }

  int signal() {
    return status.getSignal();
  }
}
