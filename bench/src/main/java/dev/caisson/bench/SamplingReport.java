package dev.caisson.bench;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What it costs the executor to sample.
 *
 * @param sandboxes that were alive, with a container each
 * @param seconds of each measurement
 * @param asleep where the containers sleep
 * @param awake where they run each second
 */
record SamplingReport(
    Instant time,
    String kernel,
    int processors,
    int sandboxes,
    long seconds,
    Cost asleep,
    Cost awake) {

  /**
   * The executor's CPU time, in percent of a core.
   *
   * @param without any sandbox
   */
  record Cost(double without, double with) {
    double sampling() {
      return with - without;
    }
  }

  String table() {
    return String.format(
            Locale.ROOT,
            "%n%-24s %12s %12s %12s%n",
            "% of a core, for " + sandboxes,
            "without",
            "with",
            "sampling")
        + row("containers that sleep", asleep)
        + row("that run each second", awake);
  }

  private static String row(String what, Cost cost) {
    return String.format(
        Locale.ROOT,
        "%-24s %12.2f %12.2f %12.2f%n",
        what,
        cost.without(),
        cost.with(),
        cost.sampling());
  }

  /** For programs: the same, and when and where it was measured. */
  void write(Path file) throws IOException {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("time", time.toString());
    document.put("kernel", kernel);
    document.put("processors", processors);
    document.put("unit", "percent of a core");
    document.put("sandboxes", sandboxes);
    document.put("seconds", seconds);
    document.put("asleep", asleep);
    document.put("awake", awake);
    document.put("forks", 0);
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Files.writeString(file, new GsonBuilder().setPrettyPrinting().create().toJson(document) + "\n");
  }
}
