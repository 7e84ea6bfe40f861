package dev.caisson.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * {@code docs/scenarios.md} names a test for each scenario, which is there; and names each test.
 */
class ScenariosTest {
  private static final Pattern TEST = Pattern.compile("`(\\w+)#(\\w+)`");
  private static final Pattern METHOD = Pattern.compile("  @Test\n  void (\\w+)\\(");
  private static final Path OWN = Path.of("src/test/java/dev/caisson/scenarios");

  @Test
  void areThere() throws IOException {
    List<Path> sources = sources();
    for (String test : documented()) {
      assertThat(sources).as(test).anyMatch(source -> has(source, test));
    }
  }

  @Test
  void areDocumented() throws IOException {
    Set<String> own = new HashSet<>();
    for (String type :
        List.of(
            "ContainerScenarios", "ContainersIT", "DescriptorsIT", "PodsIT", "SharedVolumesIT")) {
      METHOD
          .matcher(Files.readString(OWN.resolve(type + ".java")))
          .results()
          .forEach(method -> own.add(type + "#" + method.group(1)));
    }
    assertThat(own).isNotEmpty();
    assertThat(documented()).containsAll(own);
  }

  private static Set<String> documented() throws IOException {
    Set<String> found = new HashSet<>();
    TEST.matcher(Files.readString(Services.REPOSITORY.resolve("docs/scenarios.md")))
        .results()
        .map(MatchResult::group)
        .forEach(test -> found.add(test.replace("`", "")));
    assertThat(found).isNotEmpty();
    return found;
  }

  private static List<Path> sources() throws IOException {
    List<Path> found = new java.util.ArrayList<>();
    for (String module :
        List.of("services/executor", "libs/model", "libs/oci", "tests/scenarios")) {
      Path root = Services.REPOSITORY.resolve(module).resolve("src/test/java");
      try (Stream<Path> all = Files.walk(root)) {
        all.filter(file -> file.toString().endsWith(".java")).forEach(found::add);
      }
    }
    return found;
  }

  private static boolean has(Path source, String test) {
    String[] parts = test.split("#", -1);
    try {
      return source.endsWith(parts[0] + ".java")
          && Files.readString(source).contains("void " + parts[1] + "(");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
