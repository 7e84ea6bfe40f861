package dev.caisson.cli;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.types.v1.ExitStatus;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Values in words and figures, for people. */
final class Text {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());
  private static final double NANOS = 1e9;

  private Text() {}

  static String time(Timestamp time) {
    return time.equals(Timestamp.getDefaultInstance())
        ? "-"
        : TIME.format(Instant.ofEpochMilli(Timestamps.toMillis(time)));
  }

  /** `3.204518032`: seconds, to the nanosecond that the kernel counted. */
  static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.9f", nanos / NANOS);
  }

  static String state(Enum<?> state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  static String exit(ExitStatus status) {
    String how =
        status.getSignal() == 0
            ? String.valueOf(status.getCode())
            : "SIG" + Signals.name(status.getSignal());
    return how
        + (status.getOutOfMemory() ? " (out of memory)" : "")
        + (status.getLost() ? " (lost)" : "");
  }
}
