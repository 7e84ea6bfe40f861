package dev.caisson.gateway.files;

import dev.caisson.gateway.names.Ids;
import dev.caisson.gateway.names.Tenants;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/**
 * Takes a YAML document apart. What is not as it must be is noted with its place, and read as if it
 * were empty, so that all of it can be said at once. One for each reading.
 */
public final class YamlDocument {
  /** Of a document, in bytes. */
  static final int MAX_SIZE = 1 << 20;

  private final String kind;
  private final int depth;
  private final List<String> problems = new ArrayList<>();

  /**
   * For one reading.
   *
   * @param kind as in {@code access file}
   * @param depth how deep it may be nested
   */
  public YamlDocument(String kind, int depth) {
    this.kind = kind;
    this.depth = depth;
  }

  /** Notes something that must be changed. */
  public void problem(String text) {
    problems.add(text);
  }

  /** Whether nothing was noted so far. */
  public boolean isSound() {
    return problems.isEmpty();
  }

  /**
   * Ends the reading.
   *
   * @throws DocumentException if anything was noted
   */
  public void requireSound(String file) throws DocumentException {
    if (!problems.isEmpty()) {
      throw new DocumentException(kind, file, problems);
    }
  }

  /** The whole text; an empty mapping where it is no YAML. */
  public @Nullable Object parsed(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    options.setMaxAliasesForCollections(0);
    options.setNestingDepthLimit(depth);
    options.setCodePointLimit(MAX_SIZE);
    try {
      return new Yaml(new SafeConstructor(options)).load(text);
    } catch (YAMLException e) {
      problem("the file must be YAML: " + String.valueOf(e.getMessage()).replace("\n", " "));
      return Map.of();
    }
  }

  /**
   * A mapping.
   *
   * @param known what it may have; null: anything
   */
  public Map<String, @Nullable Object> map(
      String at, @Nullable Object value, @Nullable Set<String> known) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    if (!(value instanceof Map<?, ?> given)) {
      problem(at + " must be a mapping: " + value);
      return map;
    }
    given.forEach((key, one) -> {
      String name = String.valueOf(key);
      if (known != null && !known.contains(name)) {
        problem(at + " must have only " + new TreeSet<>(known) + ": " + name);
      }
      map.put(name, one);
    });
    return map;
  }

  public List<?> list(String at, @Nullable Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    problem(at + " must be a list: " + value);
    return List.of();
  }

  /** One or more texts. */
  public Set<String> texts(String at, @Nullable Object value) {
    Set<String> texts = new LinkedHashSet<>();
    for (Object one : list(at, value)) {
      if (one instanceof String text && !text.isBlank()) {
        texts.add(text);
      } else {
        problem(at + " must be texts, in quotes where YAML reads them otherwise: " + one);
      }
    }
    if (texts.isEmpty()) {
      problem(at + " must have at least one entry");
    }
    return texts;
  }

  /** Ids of tenants, or all. */
  public Tenants tenants(String at, @Nullable Object value) {
    Set<String> ids = texts(at, value);
    for (String id : ids) {
      if (!id.equals(Tenants.EVERY) && !Ids.isId(id)) {
        problem(at + " must be ids of tenants, or \"*\": " + id);
      }
    }
    return new Tenants(ids);
  }

  public String text(String at, @Nullable Object value) {
    if (value instanceof String text && !text.isBlank()) {
      return text;
    }
    problem(at + " must be a text: " + value);
    return "";
  }
}
