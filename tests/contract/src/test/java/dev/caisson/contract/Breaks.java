package dev.caisson.contract;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a contract breaks of an earlier one, a sentence for each, with what to do. What is new
 * breaks nothing.
 */
final class Breaks {

  private static final Map<String, String> HOLDERS =
      Map.of("field", "message", "value", "enum", "method", "service", "path", "service");

  private final Contract before;
  private final Contract now;

  private Breaks(Contract before, Contract now) {
    this.before = before;
    this.now = now;
  }

  static List<String> between(Contract before, Contract now) {
    Breaks breaks = new Breaks(before, now);
    return before.elements().values().stream().flatMap(breaks::of).toList();
  }

  private Stream<String> of(Element element) {
    return switch (element.kind()) {
      case "reserved" -> ofReserved(element).stream();
      case "reserved-name" -> ofReservedName(element).stream();
      default ->
          now.find(element.key())
              .map(found -> ofFacts(element, found))
              .orElseGet(() -> ofMissing(element).stream());
    };
  }

  private static Stream<String> ofFacts(Element element, Element found) {
    return element.facts().keySet().stream()
        .filter(fact -> !element.fact(fact).equals(found.fact(fact)))
        .map(fact ->
            "The %s of %s was %s and is %s. %s"
                .formatted(
                    fact,
                    words(element),
                    element.fact(fact),
                    found.fact(fact),
                    advice(element.kind())));
  }

  private Optional<String> ofMissing(Element element) {
    String holder = HOLDERS.get(element.kind());
    if (holder != null && now.find(holder + " " + element.owner()).isEmpty()) {
      return Optional.empty(); // The holder's own absence says it.
    }
    return Optional.of(
        "%s is gone%s. %s"
            .formatted(words(element), ofOtherPlace(element), advice(element.kind())));
  }

  /** A field that has another number, a value that has another name. */
  private String ofOtherPlace(Element element) {
    return switch (element.kind()) {
      case "field" ->
          now.of("field", element.owner())
              .filter(other -> other.fact("name").equals(element.fact("name")))
              .findFirst()
              .map(other -> ": its number is " + other.number() + " now")
              .orElse("");
      case "value" ->
          now.of("value", element.owner())
              .filter(other -> other.fact("number").equals(element.fact("number")))
              .filter(other -> before.find(other.key()).isEmpty())
              .findFirst()
              .map(other -> ": its name is " + name(other) + " now")
              .orElse("");
      default -> "";
    };
  }

  private Optional<String> ofReserved(Element element) {
    int last = Integer.parseInt(element.fact("last"));
    Optional<String> reuse =
        users(element.owner())
            .filter(user -> number(user) >= element.number() && number(user) <= last)
            .findFirst()
            .map(user ->
                "%s uses the reserved number %d. %s"
                    .formatted(words(user), number(user), advice("reserved")));
    return reuse.or(() ->
        reserves(element.owner(), element.number(), last)
            ? Optional.empty()
            : Optional.of(
                "%s is no longer reserved. %s".formatted(words(element), advice("reserved"))));
  }

  /** Whether the ranges of today have each number from first to last. */
  private boolean reserves(String owner, int first, int last) {
    long next = first;
    List<Element> ranges =
        now.of("reserved", owner).sorted(Comparator.comparingInt(Element::number)).toList();
    for (Element range : ranges) {
      if (range.number() <= next) {
        next = Math.max(next, Long.parseLong(range.fact("last")) + 1);
      }
    }
    return next > last;
  }

  private Optional<String> ofReservedName(Element element) {
    Optional<String> reuse =
        users(element.owner())
            .filter(user -> name(user).equals(name(element)))
            .findFirst()
            .map(user ->
                "%s uses the reserved name %s. %s"
                    .formatted(words(user), name(user), advice("reserved")));
    return reuse.or(() ->
        now.find(element.key()).isPresent()
            ? Optional.empty()
            : Optional.of(
                "%s is no longer reserved. %s".formatted(words(element), advice("reserved"))));
  }

  private Stream<Element> users(String owner) {
    return Stream.concat(now.of("field", owner), now.of("value", owner));
  }

  private static int number(Element user) {
    return user.kind().equals("field") ? user.number() : Integer.parseInt(user.fact("number"));
  }

  private static String name(Element element) {
    return element.kind().equals("field") ? element.fact("name") : element.key().split(" ", -1)[2];
  }

  private static String words(Element element) {
    return element.kind().equals("field")
        ? element.key() + " (" + element.fact("name") + ")"
        : element.key();
  }

  private static String advice(String kind) {
    return switch (kind) {
      case "field", "value" ->
          "Put it back, with `deprecated = true` where nobody should use it; what is different gets"
              + " a number that was never used.";
      case "path" -> "Put it back; what is different gets a path beside it (additional_bindings).";
      case "method" -> "Put it back; what is different gets a method with another name.";
      case "reserved" -> "Take a number and a name that were never used, and keep these reserved.";
      default ->
          "Put it back; what cannot stay compatible goes into a new package beside it, `….v2`.";
    };
  }
}
