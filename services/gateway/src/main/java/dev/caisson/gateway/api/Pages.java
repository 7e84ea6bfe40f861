package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * Pages of a list in the order of its names. A token holds the last name that was given, so what is
 * added or removed meanwhile moves nothing: no name comes twice, and none is left out.
 */
final class Pages {
  static final int DEFAULT_SIZE = 100;
  static final int MAX_SIZE = 1000;

  /** One page, and the token of the next; empty when there is none. */
  record Page<T>(List<T> items, String nextToken) {
    Page {
      items = List.copyOf(items);
    }
  }

  private final String parent;
  private final int size;
  private final String after;

  private Pages(String parent, int size, String after) {
    this.parent = parent;
    this.size = size;
    this.after = after;
  }

  /**
   * Checks what the caller asks for.
   *
   * @param parent of the list: a token is good for this one alone
   */
  static Pages of(String parent, int size, String token) {
    if (size < 0) {
      throw Errors.invalid(Reason.INVALID_PAGE, "page_size", "not be negative", size);
    }
    int bounded = size == 0 ? DEFAULT_SIZE : Math.min(size, MAX_SIZE);
    return new Pages(parent, bounded, token.isEmpty() ? "" : decode(parent, token));
  }

  <T> Page<T> cut(List<T> all, Function<T, String> name) {
    List<T> rest =
        all.stream()
            .filter(item -> name.apply(item).compareTo(after) > 0)
            .sorted(Comparator.comparing(name))
            .limit(size + 1L)
            .toList();
    if (rest.size() <= size) {
      return new Page<>(rest, "");
    }
    List<T> page = rest.subList(0, size);
    return new Page<>(page, encode(name.apply(page.getLast())));
  }

  private String encode(String last) {
    byte[] text = (parent + "\n" + last).getBytes(StandardCharsets.UTF_8);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(text);
  }

  private static String decode(String parent, String token) {
    try {
      String text = new String(Base64.getUrlDecoder().decode(token), StandardCharsets.UTF_8);
      if (text.startsWith(parent + "\n")) {
        return text.substring(parent.length() + 1);
      }
    } catch (IllegalArgumentException notBase64) {
      // The same refusal as for a token of another list.
    }
    throw Errors.invalid(
        Reason.INVALID_PAGE, "page_token", "be what the last page of this list carried", token);
  }
}
