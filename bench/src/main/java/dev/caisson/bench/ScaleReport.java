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
 * What was measured, of each subject.
 *
 * @param alone where the container was the only one
 * @param among where it was one of those that were alive
 */
record ScaleReport(
    Instant time,
    String kernel,
    int processors,
    int alive,
    Map<String, Map<Pattern, Map<Operation, Statistics>>> alone,
    Map<String, Map<Pattern, Map<Operation, Statistics>>> among) {

  String table() {
    StringBuilder text = new StringBuilder();
    alone.forEach((subject, patterns) -> {
      var many = among.getOrDefault(subject, Map.of());
      patterns.forEach((pattern, one) ->
          text.append(table(subject, pattern, one, many.getOrDefault(pattern, Map.of()))));
    });
    return text.toString();
  }

  private String table(
      String subject,
      Pattern pattern,
      Map<Operation, Statistics> one,
      Map<Operation, Statistics> many) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%n%s, %s%n%-16s %6s %12s %12s %7s %12s %12s%n",
            subject,
            pattern.words(),
            "operation",
            "runs",
            "p50 ms at 1",
            "at " + alive,
            "ratio",
            "p99 ms at 1",
            "at " + alive));
    one.forEach((operation, alone) -> text.append(row(operation, alone, many.get(operation))));
    return text.toString();
  }

  private static String row(
      Operation operation, Statistics one, @org.jspecify.annotations.Nullable Statistics many) {
    return many == null
        ? ""
        : String.format(
            Locale.ROOT,
            "%-16s %6d %12.3f %12.3f %7.2f %12.3f %12.3f%n",
            operation.name().toLowerCase(Locale.ROOT).replace('_', ' '),
            one.runs(),
            one.median(),
            many.median(),
            many.median() / one.median(),
            one.p99(),
            many.p99());
  }

  /** For programs: the same, and when and where it was measured. */
  void write(Path file) throws IOException {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("time", time.toString());
    document.put("kernel", kernel);
    document.put("processors", processors);
    document.put("unit", "ms");
    document.put("alive", alive);
    document.put("alone", alone);
    document.put("among", among);
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Files.writeString(file, new GsonBuilder().setPrettyPrinting().create().toJson(document) + "\n");
  }
}
