package dev.caisson.oci;

/** A value as a message shows it: the caller's own text, bounded and without control characters. */
final class Shown {
  /** In characters. */
  static final int MAX = 80;

  private Shown() {}

  static String of(Object value) {
    return of(value, MAX);
  }

  static String of(Object value, int max) {
    String text = String.valueOf(value);
    String cut = text.length() <= max ? text : text.substring(0, max - 1) + "…";
    return cut.replaceAll("\\p{Cc}|\\p{Cf}|\\p{Cs}|[\\u2028\\u2029]", "?");
  }
}
