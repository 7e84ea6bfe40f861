package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Resources;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How much of a machine limits let their cgroup use. Empty: all of it.
 *
 * @param memoryBytes at most {@link #MOST}
 * @param cpuMillis thousandths of a CPU, at least one
 */
public record Allotted(OptionalLong memoryBytes, OptionalLong cpuMillis) {
  public static final Allotted UNLIMITED = new Allotted(OptionalLong.empty(), OptionalLong.empty());

  /** A pebibyte: sums of what there can be on a node stay within a long. */
  private static final long MOST = 1L << 50;

  private static final long MILLIS = 1_000;

  /** Source: cgroup-v2.rst, "CPU Interface Files". */
  private static final Pattern CPU_MAX = Pattern.compile("(\\d{1,14})(?: (\\d{1,7}))?");

  /** Of limits that have been checked. */
  public static Allotted of(Resources limits) {
    Resources.Memory memory = limits.getMemory();
    return new Allotted(positive(memory.hasLimit(), memory.getLimit()), cpu(limits));
  }

  private static OptionalLong positive(boolean given, long value) {
    return given && value >= 0 ? OptionalLong.of(Math.min(value, MOST)) : OptionalLong.empty();
  }

  private static OptionalLong cpu(Resources limits) {
    Resources.Cpu cpu = limits.getCpu();
    Matcher file = CPU_MAX.matcher(limits.getUnifiedOrDefault(V2Files.CPU_MAX, ""));
    if (file.matches()) {
      return millis(Long.parseLong(file.group(1)), file.group(2) == null ? 0 : period(file));
    }
    return cpu.hasQuota() ? millis(cpu.getQuota(), cpu.getPeriod()) : OptionalLong.empty();
  }

  private static long period(Matcher file) {
    return Long.parseLong(file.group(2));
  }

  private static OptionalLong millis(long quota, long period) {
    long each = period > 0 ? period : Limits.DEFAULT_PERIOD_MICROS;
    return positive(true, quota).isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(Math.ceilDiv(Math.min(quota, MOST) * MILLIS, each));
  }
}
