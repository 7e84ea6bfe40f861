package dev.caisson.gateway.http;

import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A path of {@code google.api.http}, of the form that this API has: literal segments, at most one
 * variable of literals and single stars, and a verb at the end (google/api/http.proto, "Path
 * template syntax"). Immutable.
 *
 * @param segments in their order; {@code *}: any
 * @param verb after the colon; empty: none
 * @param field that the variable's segments are the value of; empty: none
 * @param from the first segment of the variable
 * @param to behind its last one
 */
record PathTemplate(List<String> segments, String verb, String field, int from, int to) {
  private static final Pattern TEMPLATE =
      Pattern.compile("/([^{}:]*)(?:\\{([a-z_.]+)=([^{}]+)}([^{}:]*))?(?::([A-Za-z]+))?");

  private static final String ANY = "*";

  PathTemplate {
    segments = List.copyOf(segments);
  }

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException if it is of another form: a mistake in the proto
   */
  static PathTemplate of(String text) {
    Matcher matcher = TEMPLATE.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("not a path of this API's form: " + text);
    }
    List<String> segments = new ArrayList<>(split(matcher.group(1)));
    int from = segments.size();
    segments.addAll(split(matcher.group(3)));
    int to = segments.size();
    segments.addAll(split(matcher.group(4)));
    return new PathTemplate(segments, text(matcher.group(5)), text(matcher.group(2)), from, to);
  }

  private static List<String> split(@Nullable String path) {
    return path == null
        ? List.of()
        : List.of(path.split("/")).stream().filter(segment -> !segment.isEmpty()).toList();
  }

  private static String text(@Nullable String group) {
    return group == null ? "" : group;
  }

  /**
   * What a path has for the variable; empty where it is another path.
   *
   * @param path without the query, as it came: percent-encoded
   */
  Optional<Map<String, String>> match(String path) {
    if (!path.startsWith("/")) {
      return Optional.empty();
    }
    List<String> given = new ArrayList<>(List.of(path.substring(1).split("/", -1)));
    String last = given.getLast();
    int colon = last.lastIndexOf(':');
    if (!verb.equals(colon < 0 ? "" : last.substring(colon + 1))) {
      return Optional.empty();
    }
    if (colon >= 0) {
      given.set(given.size() - 1, last.substring(0, colon));
    }
    List<String> decoded;
    try {
      decoded = given.stream().map(PathTemplate::decoded).toList();
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // not percent-encoded
    }
    return matches(decoded)
        ? Optional.of(
            field.isEmpty() ? Map.of() : Map.of(field, String.join("/", decoded.subList(from, to))))
        : Optional.empty();
  }

  private boolean matches(List<String> given) {
    if (given.size() != segments.size()) {
      return false;
    }
    for (int i = 0; i < given.size(); i++) {
      String wanted = segments.get(i);
      String one = given.get(i);
      if (wanted.equals(ANY) ? one.isEmpty() : !wanted.equals(one)) {
        return false;
      }
    }
    return true;
  }

  /** A slash that was hidden by its encoding makes no further segment: it is in no name. */
  private static String decoded(String segment) {
    String decoded = QueryStringDecoder.decodeComponent(segment.replace("+", "%2B"));
    return decoded.contains("/") ? "" : decoded;
  }
}
