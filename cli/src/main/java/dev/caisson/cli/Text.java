package dev.caisson.cli;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.types.v1.ExitStatus;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Values in words and figures, for people. */
final class Text {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS").withZone(ZoneId.systemDefault());
  private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm");
  private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("MMMdd", Locale.ENGLISH);
  private static final DateTimeFormatter YEAR = DateTimeFormatter.ofPattern("uuuu");
  private static final long NANOS = 1_000_000_000;

  private Text() {}

  /** What somebody else says, on one line of a terminal, which it cannot command. */
  static String harmless(String text) {
    return text.replaceAll("\\p{Cc}|\\p{Cf}|[\\u2028\\u2029]", "?");
  }

  static String time(Timestamp time) {
    return time.equals(Timestamp.getDefaultInstance())
        ? "-"
        : TIME.format(Instant.ofEpochMilli(Timestamps.toMillis(time)));
  }

  /** `3.204518032`: seconds, to the nanosecond that the kernel counted. */
  static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%d.%09d", nanos / NANOS, nanos % NANOS);
  }

  /** As ps(1) has it: {@code 14:05} of today, {@code Nov28} of this year, {@code 2024} before. */
  static String start(Timestamp start, Instant now, ZoneId zone) {
    ZonedDateTime began = Instant.ofEpochMilli(Timestamps.toMillis(start)).atZone(zone);
    ZonedDateTime today = now.atZone(zone);
    if (began.toLocalDate().equals(today.toLocalDate())) {
      return CLOCK.format(began);
    }
    return (began.getYear() == today.getYear() ? DAY : YEAR).format(began);
  }

  /** {@code 1:23.45}: minutes and seconds, as finely as the kernel tells it of a process. */
  static String cpuTime(long nanos) {
    long hundredths = nanos / 10_000_000;
    return String.format(
        Locale.ROOT, "%d:%02d.%02d", hundredths / 6_000, hundredths / 100 % 60, hundredths % 100);
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
