package dev.caisson.contract;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What callers and readers were promised: each file, message, field, enum, value, reserved number,
 * service, method and path.
 */
record Contract(SortedMap<String, Element> elements) {

  private static final List<String> KINDS =
      List.of("file", "message", "field", "enum", "value", "service", "method", "path");

  // Each message with its fields, these by number.
  private static final Comparator<Element> ORDER =
      Comparator.comparing(Element::owner)
          .thenComparingInt(element -> Math.floorMod(KINDS.indexOf(element.kind()), 100))
          .thenComparingInt(element -> element.kind().equals("field") ? element.number() : 0)
          .thenComparing(Element::key);

  static Contract of(Collection<Element> elements) {
    SortedMap<String, Element> sorted = new TreeMap<>();
    elements.forEach(element -> {
      if (sorted.put(element.key(), element) != null) {
        throw new IllegalArgumentException("an element must be there once: " + element.key());
      }
    });
    return new Contract(sorted);
  }

  static Contract parse(String text) {
    return of(
        text.lines()
            .filter(line -> !line.isBlank() && !line.startsWith("#"))
            .map(Element::parse)
            .toList());
  }

  String text() {
    return elements.values().stream()
        .sorted(ORDER)
        .map(Element::line)
        .collect(Collectors.joining("\n", "", "\n"));
  }

  Optional<Element> find(String key) {
    return Optional.ofNullable(elements.get(key));
  }

  Stream<Element> of(String kind, String owner) {
    return elements.values().stream()
        .filter(element -> element.kind().equals(kind) && element.owner().equals(owner));
  }
}
