package dev.caisson.executor.cgroup;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * A control file of lines {@code KEY VALUE}, as {@code cpu.stat}, {@code memory.events}, {@code
 * cgroup.events} and v1's {@code memory.oom_control}. Source: the kernel's
 * Documentation/admin-guide/cgroup-v2.rst, "Flat keyed".
 */
record FlatKeyed(Map<String, Long> values) {
  static final FlatKeyed EMPTY = new FlatKeyed(Map.of());

  /** Of 2^63-1. */
  private static final int MAX_DIGITS = 19;

  FlatKeyed {
    values = Map.copyOf(values);
  }

  /** Lines of another form, and values beyond 2^63-1, are skipped. Read each second: no regex. */
  static FlatKeyed parse(String text) {
    Map<String, Long> values = new HashMap<>();
    for (int start = 0; start < text.length(); ) {
      int newline = text.indexOf('\n', start);
      int end = newline < 0 ? text.length() : newline;
      put(values, text, start, end);
      start = end + 1;
    }
    return new FlatKeyed(values);
  }

  private static void put(Map<String, Long> values, String text, int start, int end) {
    int space = text.indexOf(' ', start);
    if (space > start && space < end) {
      number(text.substring(space + 1, end))
          .ifPresent(value -> values.put(text.substring(start, space), value));
    }
  }

  OptionalLong get(String key) {
    Long value = values.get(key);
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  /** A decimal number without a sign. */
  static OptionalLong number(String text) {
    try {
      return isDigits(text) ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    } catch (NumberFormatException _) {
      return OptionalLong.empty();
    }
  }

  private static boolean isDigits(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return !text.isEmpty() && text.length() <= MAX_DIGITS;
  }
}
