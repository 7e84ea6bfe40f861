package dev.caisson.packaging;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The files that are looked at, as plain maps and lists. */
final class Documents {
  /** Of the repository. */
  static final Path ROOT = Path.of(System.getProperty("user.dir")).resolve("../..").normalize();

  private Documents() {}

  static Map<String, Object> yaml(String file) {
    try (Reader reader = Files.newBufferedReader(ROOT.resolve(file))) {
      return map(new Yaml(new SafeConstructor(new LoaderOptions())).load(reader));
    } catch (IOException e) {
      throw new AssertionError(file, e);
    }
  }

  /** Empty where there is none. */
  static Map<String, Object> map(@Nullable Object value) {
    return value instanceof Map<?, ?> map
        ? map.entrySet().stream()
            .collect(
                Collectors.toMap(
                    entry -> String.valueOf(entry.getKey()),
                    entry -> Objects.requireNonNullElse(entry.getValue(), "")))
        : Map.of();
  }

  /** The same, of a list of them. */
  static List<Map<String, Object>> maps(@Nullable Object value) {
    return value instanceof List<?> list ? list.stream().map(Documents::map).toList() : List.of();
  }

  /** Empty where there is none. */
  static List<String> strings(@Nullable Object value) {
    return value instanceof List<?> list ? list.stream().map(String::valueOf).toList() : List.of();
  }
}
