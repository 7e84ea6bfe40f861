package dev.caisson.events;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;

/**
 * The operator's own settings of Kafka's clients: addresses apart, whatever a client of Kafka
 * knows, but for {@link ReservedSettings}. Each can be given as a file that holds the value: {@code
 * ssl.keystore.password-file}. Immutable; never shows a value.
 */
public final class ClientProperties {

  /** None at all. */
  public static final ClientProperties NONE = new ClientProperties(Map.of());

  /** A chain of certificates and a key, in PEM, have a few KiB. */
  static final long MAX_FILE_BYTES = 256 << 10;

  private static final String FROM_FILE = "-file";

  private final Map<String, String> values;

  private ClientProperties(Map<String, String> values) {
    this.values = Map.copyOf(values);
  }

  /**
   * Settings, and those of a properties file which are not among them.
   *
   * @throws ClientPropertiesException with every problem at once
   */
  public static ClientProperties of(Map<String, String> given, Optional<Path> file) {
    List<String> problems = new ArrayList<>();
    Map<String, String> all = new TreeMap<>();
    file.ifPresent(path -> all.putAll(load(path, problems)));
    all.putAll(given);
    Map<String, String> values = new TreeMap<>();
    all.forEach((name, value) -> read(name, value, values, problems));
    values.forEach((name, value) -> ReservedSettings.problem(name, value).ifPresent(problems::add));
    if (!problems.isEmpty()) {
      throw new ClientPropertiesException(problems);
    }
    return new ClientProperties(values);
  }

  /** By their names in Kafka. */
  Map<String, String> values() {
    return values;
  }

  @Override
  public String toString() {
    return values.keySet().stream().sorted().toList().toString();
  }

  private static Map<String, String> load(Path file, List<String> problems) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(bounded(file))) {
      properties.load(reader);
    } catch (IOException | IllegalArgumentException e) {
      problems.add("Failed to read " + file + ": " + e.getClass().getSimpleName());
    }
    Map<String, String> values = new TreeMap<>();
    properties
        .stringPropertyNames()
        .forEach(name -> values.put(name, properties.getProperty(name)));
    return values;
  }

  private static void read(
      String name, String value, Map<String, String> values, List<String> problems) {
    if (!name.endsWith(FROM_FILE)) {
      values.put(name, value);
      return;
    }
    String plain = name.substring(0, name.length() - FROM_FILE.length());
    try {
      values.put(plain, Files.readString(bounded(Path.of(value))).stripTrailing());
    } catch (IOException | IllegalArgumentException e) {
      problems.add("Failed to read " + name + " " + value + ": " + e.getClass().getSimpleName());
    }
  }

  private static Path bounded(Path file) throws IOException {
    if (Files.size(file) > MAX_FILE_BYTES) {
      throw new IOException(file + " has more than " + MAX_FILE_BYTES + " bytes");
    }
    return file;
  }
}
