package dev.caisson.scenarios;

import dev.caisson.proto.types.v1.ExitStatus;

/** A process, with all that it wrote. */
record Ended(ExitStatus status, String out, String err) {
  int code() {
    return status.getSignal() == 0 ? status.getCode() : -status.getSignal();
  }
}
