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
  FlatKeyed {
    values = Map.copyOf(values);
  }

  /** Lines of another form, and values beyond 2^63-1, are skipped. */
  static FlatKeyed parse(String text) {
    Map<String, Long> values = new HashMap<>();
    text.lines()
        .map(line -> line.split(" ", -1))
        .filter(f -> f.length == 2)
        .forEach(f -> put(values, f));
    return new FlatKeyed(values);
  }

  private static void put(Map<String, Long> values, String[] pair) {
    number(pair[1]).ifPresent(value -> values.put(pair[0], value));
  }

  OptionalLong get(String key) {
    Long value = values.get(key);
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  /** A decimal number without a sign. */
  static OptionalLong number(String text) {
    try {
      return text.matches("[0-9]{1,19}")
          ? OptionalLong.of(Long.parseLong(text))
          : OptionalLong.empty();
    } catch (NumberFormatException _) {
      return OptionalLong.empty();
    }
  }
}
