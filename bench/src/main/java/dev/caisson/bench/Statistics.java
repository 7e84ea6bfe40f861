package dev.caisson.bench;

import java.util.Arrays;

/** Of one subject in one pattern: milliseconds. */
record Statistics(int runs, double median, double p90, double p99, double least, double most) {
  private static final double NANOS_PER_MILLI = 1e6;

  static Statistics of(long[] nanos) {
    if (nanos.length == 0) {
      throw new IllegalArgumentException("nanos must have at least one entry: 0");
    }
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return new Statistics(
        sorted.length,
        at(sorted, 0.5),
        at(sorted, 0.9),
        at(sorted, 0.99),
        at(sorted, 0),
        at(sorted, 1));
  }

  /** The nearest rank: a value that was measured, never one between two. */
  private static double at(long[] sorted, double quantile) {
    int rank = (int) Math.ceil(quantile * sorted.length);
    return sorted[Math.max(rank - 1, 0)] / NANOS_PER_MILLI;
  }
}
