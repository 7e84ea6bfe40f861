package dev.caisson.oci;

/** A value as a message shows it: the caller's own text, bounded and without control characters. */
final class Shown {
  /** In characters. */
  static final int MAX = 80;

  private Shown() {}

  static String of(Object value) {
    String text = String.valueOf(value);
    String cut = text.length() <= MAX ? text : text.substring(0, MAX - 1) + "…";
    return cut.replaceAll("\\p{Cntrl}", "?");
  }
}
