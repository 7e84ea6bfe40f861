package dev.caisson.bench;

import com.google.gson.GsonBuilder;
import dev.caisson.events.Topic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What one partition's share of a fleet's record came to, and what the whole comes to.
 *
 * @param eventsInLife of one sandbox
 * @param sandboxes in the share
 * @param brokerPercent of a core, while it came
 * @param auditorPercent likewise
 * @param lags from a sample to its figures at a consumer, milliseconds
 * @param bytes of each record on the broker's disk
 */
record PartitionReport(
    Instant time,
    Fleet fleet,
    int eventsInLife,
    int sandboxes,
    double brokerPercent,
    double auditorPercent,
    Statistics lags,
    Map<String, Double> bytes) {
  private static final double GIGA = 1e9;
  private static final double SECONDS_OF_DAY = Duration.ofDays(1).toSeconds();

  String text() {
    return String.format(
            Locale.ROOT,
            "%n%d nodes with %d sandboxes each: %,d sandboxes, %,.0f samples/s, %,.0f events/s,"
                + " %,.0f transactions/s%n",
            fleet.nodes(),
            fleet.sandboxes(),
            fleet.all(),
            fleet.samplesPerSecond(),
            events(),
            fleet.transactionsPerSecond())
        + String.format(
            Locale.ROOT,
            "one of %d partitions: %,d sandboxes, %,.0f samples/s, %,.1f events/s%n",
            fleet.partitions(),
            sandboxes,
            fleet.samplesPerSecond() / fleet.partitions(),
            events() / fleet.partitions())
        + String.format(
            Locale.ROOT,
            "took %.1f %% of a core of the auditor, %.1f %% of the broker; from sample to figures"
                + " p50 %.0f ms, p99 %.0f ms%n%n",
            auditorPercent,
            brokerPercent,
            lags.median(),
            lags.p99())
        + String.format(
            Locale.ROOT, "%-40s %12s %12s %14s%n", "topic", "bytes each", "MB/s", "GB a day")
        + row(Topic.EVENTS.topicName(), events())
        + row(Topic.USAGE.topicName(), fleet.samplesPerSecond())
        + row(Topic.CPU.topicName(), fleet.samplesPerSecond())
        + row(TopicSizes.CHANGELOG, fleet.samplesPerSecond())
        + String.format(
            Locale.ROOT,
            "%nof one copy, without compression; the whole fleet takes %.0f cores of auditors%n",
            auditorPercent / 100 * fleet.partitions());
  }

  private double events() {
    return fleet.eventsPerSecond(eventsInLife);
  }

  private String row(String topic, double rate) {
    double each = bytes.getOrDefault(topic, 0.0);
    return String.format(
        Locale.ROOT,
        "%-40s %12.0f %12.2f %14.1f%n",
        topic,
        each,
        each * rate / 1e6,
        each * rate * SECONDS_OF_DAY / GIGA);
  }

  /** For programs: the same, and when and where it was measured. */
  void write(Path file) throws IOException {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("time", time.toString());
    document.put("kernel", System.getProperty("os.version", ""));
    document.put("processors", Runtime.getRuntime().availableProcessors());
    document.put("nodes", fleet.nodes());
    document.put("sandboxesOfEach", fleet.sandboxes());
    document.put("partitions", fleet.partitions());
    document.put("eventsInLife", eventsInLife);
    document.put("samplesPerSecond", fleet.samplesPerSecond());
    document.put("eventsPerSecond", events());
    document.put("auditorPercentOfACore", auditorPercent);
    document.put("brokerPercentOfACore", brokerPercent);
    document.put("lagMilliseconds", lags);
    document.put("bytesOfEach", bytes);
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Files.writeString(file, new GsonBuilder().setPrettyPrinting().create().toJson(document) + "\n");
  }
}
