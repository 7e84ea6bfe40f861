package dev.caisson.bench;

import java.util.Locale;

/**
 * What a figure is to be.
 *
 * @param most whether the bound is the most that it may be, or the least
 */
record Goal(double figure, double bound, boolean most) {
  static Goal atMost(double bound, double figure) {
    return new Goal(figure, bound, true);
  }

  static Goal atLeast(double bound, double figure) {
    return new Goal(figure, bound, false);
  }

  boolean met() {
    return most ? figure <= bound : figure >= bound;
  }

  /** As {@code ≤ 0.5 met}. */
  String words() {
    return String.format(
        Locale.ROOT, "%s %s %s", most ? "≤" : "≥", number(), met() ? "met" : "missed");
  }

  private String number() {
    return bound == Math.rint(bound)
        ? String.format(Locale.ROOT, "%.0f", bound)
        : String.format(Locale.ROOT, "%s", bound);
  }
}
