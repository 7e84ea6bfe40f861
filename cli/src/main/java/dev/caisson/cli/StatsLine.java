package dev.caisson.cli;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Timestamps;
import dev.caisson.proto.types.v1.Statistics;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** What somebody uses, on one line, with what has changed since the line before. */
final class StatsLine {
  private static final List<String> UNITS = List.of("B", "KiB", "MiB", "GiB", "TiB");
  private static final int UNIT = 1024;
  private static final double NANOS_PER_MILLI = 1e6;
  private static final int PERCENT = 100;

  private StatsLine() {}

  /** {@code 10:04:05.123 cpu 12.5 % memory 1.5 MiB of 64.0 MiB pids 3}. */
  static String of(Statistics before, Statistics now) {
    StringBuilder line = new StringBuilder(Text.time(now.getTime()));
    line.append("  cpu ").append(share(before, now));
    line.append("  memory ").append(bytes(now.getMemory().getUsageBytes()));
    if (now.getMemory().hasLimitBytes()) {
      line.append(" of ").append(bytes(now.getMemory().getLimitBytes()));
    }
    line.append("  pids ").append(now.getPids().getCurrent());
    return line.toString();
  }

  private static String share(Statistics before, Statistics now) {
    OptionalDouble percent = percent(before, now);
    return percent.isEmpty()
        ? "     -"
        : String.format(Locale.ROOT, "%5.1f %%", percent.getAsDouble());
  }

  /**
   * Of one CPU. Empty without a sample before, or where that is of another of the same name, which
   * is gone.
   */
  static OptionalDouble percent(Statistics before, Statistics now) {
    double millis = Timestamps.toMillis(now.getTime()) - Timestamps.toMillis(before.getTime());
    long nanos = now.getCpu().getUsageNanoseconds() - before.getCpu().getUsageNanoseconds();
    return !before.hasTime() || millis <= 0 || nanos < 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(nanos / NANOS_PER_MILLI * PERCENT / millis);
  }

  /** {@code 512 B}, {@code 1.5 MiB}. */
  static String bytes(long bytes) {
    double amount = bytes;
    int unit = 0;
    while (amount >= UNIT && unit < UNITS.size() - 1) {
      amount /= UNIT;
      unit++;
    }
    return unit == 0
        ? bytes + " B"
        : String.format(Locale.ROOT, "%.1f %s", amount, UNITS.get(unit));
  }

  /** What is out of range the gateway refuses. */
  static Duration duration(BigDecimal seconds) {
    return Duration.newBuilder()
        .setSeconds(seconds.longValue())
        .setNanos(seconds.remainder(BigDecimal.ONE).movePointRight(9).intValue())
        .build();
  }
}
