package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import java.nio.charset.StandardCharsets;

/** Names of a UTS namespace. */
final class Hostnames {
  /** {@code __NEW_UTS_LEN}, linux/utsname.h. */
  static final int MAX_BYTES = 64;

  private Hostnames() {}

  static void check(String field, String name) {
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (bytes < 1 || bytes > MAX_BYTES || name.chars().anyMatch(c -> c <= ' ' || c == 0x7f)) {
      throw Refusal.invalid(
              field, "have 1 to 64 bytes and neither space nor control characters", name)
          .exception();
    }
  }

  static void checkOptional(String field, String name) {
    if (!name.isEmpty()) {
      check(field, name);
    }
  }
}
