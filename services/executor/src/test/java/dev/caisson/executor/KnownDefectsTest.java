package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** {@code docs/defects.md} names a test for each, which is there. */
class KnownDefectsTest {
  private static final int DEFECTS = 30;
  private static final Path ROOT = Path.of("../..");
  private static final Pattern ROW = Pattern.compile("\\| (\\d+) \\|.*\\| `(\\w+)#(\\w+)` \\|");

  @Test
  void haveATestEach() throws IOException {
    List<Path> sources = sources();
    List<String> missing = new ArrayList<>();
    int rows = 0;
    for (String line : Files.readAllLines(ROOT.resolve("docs/defects.md"))) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        assertThat(Integer.parseInt(row.group(1))).isEqualTo(++rows);
        if (!has(sources, row.group(2), row.group(3))) {
          missing.add(row.group(2) + "#" + row.group(3));
        }
      }
    }
    assertThat(missing).isEmpty();
    assertThat(rows).isEqualTo(DEFECTS);
  }

  private static List<Path> sources() throws IOException {
    List<Path> found = new ArrayList<>();
    for (String module : List.of("services/executor", "services/auditor", "cli")) {
      try (Stream<Path> all = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
        all.filter(file -> file.toString().endsWith(".java")).forEach(found::add);
      }
    }
    return found;
  }

  private static boolean has(List<Path> sources, String type, String method) throws IOException {
    for (Path source : sources) {
      if (source.endsWith(type + ".java")
          && Files.readString(source).contains("void " + method + "(")) {
        return true;
      }
    }
    return false;
  }
}
