package dev.caisson.executor.procfs;

import java.util.regex.Pattern;

/**
 * Text that a container chose, as callers are shown it: bounded, and nothing that moves a cursor.
 */
public final class Printable {
  /** Control characters of ASCII and of Latin-1, and those that turn the direction of writing. */
  private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]");

  private Printable() {}

  /** At most so many characters. */
  public static String of(String text, int most) {
    String cut = text.length() > most ? text.substring(0, most) : text;
    return CONTROL.matcher(cut).replaceAll("?");
  }
}
