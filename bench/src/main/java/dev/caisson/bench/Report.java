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
 * What was measured.
 *
 * @param patterns pattern to subject to figures
 */
record Report(
    Instant time, String kernel, int processors, Map<Pattern, Map<String, Statistics>> patterns) {
  private static final String OURS = "caisson";

  String table() {
    StringBuilder text = new StringBuilder();
    patterns.forEach((pattern, subjects) -> text.append(table(pattern, subjects)));
    return text.toString();
  }

  private static String table(Pattern pattern, Map<String, Statistics> subjects) {
    StringBuilder text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%n%-22s %6s %9s %9s %9s %9s %16s%n",
            pattern.name().toLowerCase(Locale.ROOT),
            "runs",
            "p50 ms",
            "p90 ms",
            "p99 ms",
            "most ms",
            "caisson p50 is"));
    subjects.forEach((name, figures) -> text.append(row(name, figures, subjects.get(OURS))));
    return text.toString();
  }

  private static String row(
      String name, Statistics figures, @org.jspecify.annotations.Nullable Statistics ours) {
    return String.format(
        Locale.ROOT,
        "%-22s %6d %9.2f %9.2f %9.2f %9.2f %16s%n",
        name,
        figures.runs(),
        figures.median(),
        figures.p90(),
        figures.p99(),
        figures.most(),
        ratio(figures, ours));
  }

  private static String ratio(
      Statistics figures, @org.jspecify.annotations.Nullable Statistics ours) {
    return ours == null || figures.equals(ours)
        ? ""
        : String.format(Locale.ROOT, "%.2f of it", ours.median() / figures.median());
  }

  /** For programs: the same, and when and where it was measured. */
  void write(Path file) throws IOException {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("time", time.toString());
    document.put("kernel", kernel);
    document.put("processors", processors);
    document.put("unit", "ms");
    document.put("patterns", patterns);
    write(file, document);
  }

  /** Makes the directory, too. */
  static void write(Path file, Map<String, Object> document) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    Files.writeString(file, json(document));
  }

  static String json(Map<String, Object> document) {
    return new GsonBuilder().setPrettyPrinting().create().toJson(document) + "\n";
  }
}
