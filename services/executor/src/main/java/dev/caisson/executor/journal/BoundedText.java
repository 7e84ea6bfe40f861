package dev.caisson.executor.journal;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.regex.Pattern;

/** Text of whoever, as it may stand in an event: one line, and no longer than a bound. */
public final class BoundedText {
  private static final String CUT = "…";
  private static final Pattern CONTROL = Pattern.compile("\\p{Cc}");

  private BoundedText() {}

  /**
   * The same text, its end cut off where it is longer.
   *
   * @param maxBytes in UTF-8, of which the mark of a cut has three
   */
  public static String of(String text, int maxBytes) {
    // No character is shorter than a byte: what is beyond need not be looked at.
    String head = text.substring(0, Math.min(text.length(), maxBytes + 1));
    String line = CONTROL.matcher(head).replaceAll("?");
    return line.getBytes(UTF_8).length <= maxBytes
        ? line
        : cut(line, maxBytes - CUT.getBytes(UTF_8).length) + CUT;
  }

  private static String cut(String line, int maxBytes) {
    StringBuilder kept = new StringBuilder();
    int bytes = 0;
    for (int at = 0; at < line.length(); at += Character.charCount(line.codePointAt(at))) {
      String next = Character.toString(line.codePointAt(at));
      bytes += next.getBytes(UTF_8).length;
      if (bytes > maxBytes) {
        break;
      }
      kept.append(next);
    }
    return kept.toString();
  }
}
