package dev.caisson.bench;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * How many samples were apportioned.
 *
 * @param samples of all sandboxes together
 * @param took from the first that was published to the last whose figures were committed
 * @param cpu the auditor's meanwhile
 */
record ApportionReport(
    Instant time,
    String kernel,
    int processors,
    int sandboxes,
    int containers,
    long samples,
    Duration took,
    Duration cpu) {
  private static final double NANOS = 1e9;

  double perSecond() {
    return samples / (took.toNanos() / NANOS);
  }

  /** Of the auditor's CPU time. */
  double perCoreSecond() {
    return samples / (cpu.toNanos() / NANOS);
  }

  String text() {
    return String.format(
        Locale.ROOT,
        "%,d samples of %,d sandboxes with %d containers, by the running auditor at the running broker:%n"
            + "  %,.0f samples/s for each core of the auditor (%.2f s of CPU time)%n"
            + "  %,.0f samples/s in all, while the broker and the publisher share %d cores (%.1f s)%n"
            + "Each came once, in order, and sums to the cgroup's usage.%n",
        samples,
        sandboxes,
        containers,
        perCoreSecond(),
        cpu.toNanos() / NANOS,
        perSecond(),
        processors,
        took.toNanos() / NANOS);
  }

  /** For programs: the same, and when and where it was measured. */
  void write(Path file) throws IOException {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("time", time.toString());
    document.put("kernel", kernel);
    document.put("processors", processors);
    document.put("sandboxes", sandboxes);
    document.put("containers", containers);
    document.put("samples", samples);
    document.put("seconds", took.toNanos() / NANOS);
    document.put("auditorCpuSeconds", cpu.toNanos() / NANOS);
    document.put("samplesPerSecond", perSecond());
    document.put("samplesPerCoreSecond", perCoreSecond());
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Files.writeString(file, new GsonBuilder().setPrettyPrinting().create().toJson(document) + "\n");
  }
}
