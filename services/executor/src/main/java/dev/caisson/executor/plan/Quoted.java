package dev.caisson.executor.plan;

import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * Text of a caller's choosing, made fit for one line: in the manner of strace(1), as C would write
 * it.
 */
final class Quoted {
  private Quoted() {}

  static String of(String value) {
    StringBuilder line = new StringBuilder(value.length() + 2).append('"');
    for (byte b : value.getBytes(UTF_8)) {
      append(line, b & 0xff);
    }
    return line.append('"').toString();
  }

  private static void append(StringBuilder line, int b) {
    switch (b) {
      case '"' -> line.append("\\\"");
      case '\\' -> line.append("\\\\");
      case '\n' -> line.append("\\n");
      case '\t' -> line.append("\\t");
      default -> {
        if (b >= ' ' && b < 0x7f) {
          line.append((char) b);
        } else {
          // Always three digits, so that a digit that follows is not taken for part of it.
          line.append('\\').append((char) ('0' + (b >> 6)));
          line.append((char) ('0' + ((b >> 3) & 7))).append((char) ('0' + (b & 7)));
        }
      }
    }
  }
}
