package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Pages of a list in the order of its ids. A token holds the last that was given, so what is added
 * or removed meanwhile moves nothing: nothing comes twice, and nothing is left out.
 */
final class Pages {
  static final int DEFAULT_SIZE = 100;
  static final int MAX_SIZE = 1000;

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

  /** How many at most. */
  int size() {
    return size;
  }

  /** The last that was given; empty before the first page. */
  String after() {
    return after;
  }

  /**
   * The token of the next page.
   *
   * @param last of this one; empty when there is no next
   */
  String token(String last) {
    if (last.isEmpty()) {
      return "";
    }
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
