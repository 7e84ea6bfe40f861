package dev.caisson.packaging;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Our Helm chart, with some values. */
record Chart(String values) {
  static final String RELEASE = "caisson";
  private static final Path DIRECTORY = Documents.ROOT.resolve("charts/caisson");

  /** The oldest that the chart is for. */
  private static final String KUBERNETES = "1.30.0";

  private static final String EXAMPLES = "examples";
  private static final String VALUES = "values.yaml";

  /** Each set of values that it comes with. */
  static List<Chart> examples() {
    try (Stream<Path> files = Files.list(DIRECTORY.resolve(EXAMPLES))) {
      return files.sorted().map(file -> new Chart(text(file))).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Chart example(String name) {
    return new Chart(text(DIRECTORY.resolve(EXAMPLES).resolve(name + ".yaml")));
  }

  /** As YAML, of what is not as it is by default. */
  static Chart with(String values) {
    return new Chart(values);
  }

  static String text(String file) {
    return text(DIRECTORY.resolve(file));
  }

  static List<Path> files(String directory) {
    try (Stream<Path> files = Files.list(DIRECTORY.resolve(directory))) {
      return files.sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What it makes of them, as plain maps and lists; an exception with Helm's words where not. */
  List<Map<String, Object>> objects() {
    return inFile(file -> {
      String rendered =
          new Helm(DIRECTORY)
              .template()
              .withName(RELEASE)
              .withNamespace("containers")
              .withKubeVersion(KUBERNETES)
              .withValuesFile(file)
              .call();
      List<Map<String, Object>> objects = new ArrayList<>();
      yaml()
          .loadAll(rendered)
          .forEach(object -> {
            if (object != null) {
              objects.add(Documents.map(object));
            }
          });
      return objects;
    });
  }

  /** Helm lints with the chart's own values alone, so these are made its own in a copy. */
  LintResult lint() {
    return inFile(file -> {
      Path copy = Files.createTempDirectory("chart").resolve("caisson");
      try (Stream<Path> all = Files.walk(DIRECTORY)) {
        for (Path source : all.toList()) {
          Files.copy(source, copy.resolve(DIRECTORY.relativize(source).toString()));
        }
      }
      Map<String, Object> merged =
          merged(
              Documents.map(yaml().load(text(DIRECTORY.resolve(VALUES)))),
              Documents.map(yaml().load(values)));
      Files.writeString(copy.resolve(VALUES), yaml().dump(merged));
      try {
        return new Helm(copy).lint().strict().call();
      } finally {
        remove(copy.getParent());
      }
    });
  }

  private static Map<String, Object> merged(Map<String, Object> under, Map<String, Object> over) {
    Map<String, Object> all = new HashMap<>(under);
    over.forEach((key, value) ->
        all.merge(
            key,
            value,
            (one, other) ->
                one instanceof Map && other instanceof Map
                    ? merged(Documents.map(one), Documents.map(other))
                    : other));
    return all;
  }

  @FunctionalInterface
  private interface Use<T> {
    T of(Path values) throws IOException;
  }

  private <T> T inFile(Use<T> use) {
    try {
      Path file = Files.createTempFile("values", ".yaml");
      try {
        Files.writeString(file, values);
        return use.of(file);
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.sorted((one, other) -> other.compareTo(one)).toList()) {
        Files.delete(path);
      }
    }
  }

  private static Yaml yaml() {
    return new Yaml(new SafeConstructor(new LoaderOptions()));
  }

  @Override
  public String toString() {
    return values.lines().findFirst().orElse("no values");
  }
}
