package dev.caisson.cli;

import dev.caisson.proto.types.v1.Statistics;
import dev.caisson.proto.v1.NamedStatistics;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * What containers use, and how much of a CPU since the sample before. Samples are taken by one
 * thread; rows are for any.
 */
final class UsageRates {
  /**
   * One container.
   *
   * @param name its resource name
   * @param percent of one CPU; empty: it has been seen but once
   */
  record Row(String name, OptionalDouble percent, Statistics now) {
    /** The busiest first; then whoever has the most memory. */
    static final Comparator<Row> ORDER =
        Comparator.comparingDouble((Row row) -> -row.percent().orElse(0))
            .thenComparing(
                Comparator.comparingLong((Row row) -> row.now().getMemory().getUsageBytes())
                    .reversed())
            .thenComparing(Row::name);
  }

  private Map<String, Statistics> before = Map.of();
  private volatile List<Row> rows = List.of();

  /** Takes in the next sample of all that are there. */
  void take(List<NamedStatistics> all) {
    Map<String, Statistics> now = new HashMap<>();
    all.forEach(one -> now.put(one.getName(), one.getStatistics()));
    rows =
        now.entrySet().stream()
            .map(one -> row(one.getKey(), one.getValue()))
            .sorted(Row.ORDER)
            .toList();
    before = now;
  }

  private Row row(String name, Statistics now) {
    Statistics last = before.getOrDefault(name, Statistics.getDefaultInstance());
    return new Row(name, StatsLine.percent(last, now), now);
  }

  List<Row> rows() {
    return rows;
  }
}
