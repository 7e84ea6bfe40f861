package dev.caisson.executor;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ExitStatus;

/** A process that has ended, and what it printed. */
record Ended(ExitStatus status, ByteString stdout, ByteString stderr) {
  String out() {
    return stdout.toStringUtf8();
  }

  String err() {
    return stderr.toStringUtf8();
  }

  int code() {
    return status.getCode();
  }

  int signal() {
    return status.getSignal();
  }
}
