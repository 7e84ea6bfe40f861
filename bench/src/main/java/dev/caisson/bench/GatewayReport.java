package dev.caisson.bench;

import dev.caisson.bench.ServiceProcess.Footprint;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the gateway costs, beside what the executor does by itself.
 *
 * @param latencies of each call in each pattern
 * @param calls answered each second
 * @param inFlight how many of them were under way
 * @param stdout of one container, in millions of bytes a second
 * @param memory of the gateway, with watches of each kind
 * @param firstByte of the client's answer, from its start
 */
record GatewayReport(
    Instant time,
    String kernel,
    int processors,
    List<Latency> latencies,
    Rates calls,
    int inFlight,
    Rates stdout,
    List<Memory> memory,
    Statistics firstByte) {
  private static final double MEDIAN_MILLIS = 0.5;
  private static final double P99_MILLIS = 2;
  private static final double MEGABYTES = 300;
  private static final double FIRST_BYTE_MILLIS = 300;
  private static final int SPARE_THREADS = 2;
  private static final double BYTES_PER_MIB = 1024 * 1024;

  /** Of pairs of calls, which change places with each other. */
  record Latency(String call, Pattern pattern, Statistics executor, Statistics gateway) {
    /** The difference of the medians, not the median of differences. */
    double addedMedian() {
      return gateway.median() - executor.median();
    }

    double addedP99() {
      return gateway.p99() - executor.p99();
    }

    List<Goal> goals() {
      return List.of(
          Goal.atMost(MEDIAN_MILLIS, addedMedian()), Goal.atMost(P99_MILLIS, addedP99()));
    }
  }

  record Rates(double executor, double gateway) {
    double ratio() {
      return gateway / executor;
    }
  }

  /**
   * What watches of one kind cost.
   *
   * @param asked for; more than are open where there is no room for so many
   */
  record Memory(String watches, int asked, int open, Footprint without, Footprint with) {
    Goal all() {
      return Goal.atLeast(asked, open);
    }

    /** None is for watches; those of pools come and go by themselves. */
    Goal threads() {
      return Goal.atMost(without.threads() + SPARE_THREADS, with.threads());
    }

    double kibOfEach(long without, long with) {
      return (with - without) / 1024.0 / open;
    }
  }

  private Goal megabytes() {
    return Goal.atLeast(MEGABYTES, stdout.gateway());
  }

  private Goal firstByteGoal() {
    return Goal.atMost(FIRST_BYTE_MILLIS, firstByte.median());
  }

  String table() {
    StringBuilder text = new StringBuilder(latencyHead());
    latencies.forEach(one -> text.append(row(one)));
    text.append(head("each second", "executor", "gateway", "ratio"))
        .append(row("calls, " + inFlight + " in flight", calls, ""))
        .append(row("MB of stdout", stdout, megabytes().words()));
    memory.forEach(one -> text.append(table(one)));
    text.append(head("client", "p50 ms", "p99 ms", "runs")).append(clientRow());
    return text.toString();
  }

  private static String latencyHead() {
    return String.format(
        Locale.ROOT,
        "%n%-20s %6s %9s %9s %9s %9s %9s %9s  %s%n",
        "milliseconds",
        "pairs",
        "executor",
        "gateway",
        "added",
        "executor",
        "gateway",
        "added",
        "p50 and p99 added");
  }

  private static String row(Latency one) {
    return String.format(
        Locale.ROOT,
        "%-20s %6d %9.3f %9.3f %9.3f %9.3f %9.3f %9.3f  %s%n",
        one.call() + ", " + one.pattern().words(),
        one.gateway().runs(),
        one.executor().median(),
        one.gateway().median(),
        one.addedMedian(),
        one.executor().p99(),
        one.gateway().p99(),
        one.addedP99(),
        String.join(", ", one.goals().stream().map(Goal::words).toList()));
  }

  private static String head(String what, String first, String second, String third) {
    return String.format(
        Locale.ROOT, "%n%-22s %12s %12s %9s  %s%n", what, first, second, third, "target");
  }

  private static String row(String what, Rates rates, String goal) {
    return String.format(
        Locale.ROOT,
        "%-22s %12.0f %12.0f %9.2f  %s%n",
        what,
        rates.executor(),
        rates.gateway(),
        rates.ratio(),
        goal);
  }

  private static String table(Memory one) {
    return head("watches of " + one.watches(), "none", "open", "each KiB")
        + row("watches", 0, one.open(), one.all())
        + row("MiB of memory", one, one.without().rss(), one.with().rss())
        + row("MiB of heap", one, one.without().heap(), one.with().heap())
        + row("threads", one.without().threads(), one.with().threads(), one.threads());
  }

  private static String row(String what, Memory of, long without, long with) {
    return String.format(
        Locale.ROOT,
        "%-22s %12.1f %12.1f %9.1f%n",
        what,
        without / BYTES_PER_MIB,
        with / BYTES_PER_MIB,
        of.kibOfEach(without, with));
  }

  private static String row(String what, int without, int with, Goal goal) {
    return String.format(
        Locale.ROOT, "%-22s %12d %12d %9s  %s%n", what, without, with, "", goal.words());
  }

  private String clientRow() {
    return String.format(
        Locale.ROOT,
        "%-22s %12.0f %12.0f %9d  %s%n",
        "first byte of ps",
        firstByte.median(),
        firstByte.p99(),
        firstByte.runs(),
        firstByteGoal().words());
  }

  /** For programs: the same, and when and where it was measured. */
  Map<String, Object> document() {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("time", time.toString());
    document.put("kernel", kernel);
    document.put("processors", processors);
    document.put("unit", "ms");
    document.put("latencies", latencies);
    document.put("callsPerSecond", calls);
    document.put("callsInFlight", inFlight);
    document.put("stdoutMegabytesPerSecond", stdout);
    document.put("memoryBytes", memory);
    document.put("firstByte", firstByte);
    document.put("goals", goals());
    return document;
  }

  private Map<String, Object> goals() {
    Map<String, Object> goals = new LinkedHashMap<>();
    latencies.forEach(one -> goals.put(one.call() + ", " + one.pattern().words(), one.goals()));
    goals.put("stdoutMegabytesPerSecond", megabytes());
    memory.forEach(
        one -> goals.put("watches of " + one.watches(), List.of(one.all(), one.threads())));
    goals.put("firstByte", firstByteGoal());
    return goals;
  }

  void write(Path file) throws IOException {
    Report.write(file, document());
  }
}
