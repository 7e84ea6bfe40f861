package dev.caisson.executor.guard;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which names have values that no record shows: of options and variables, as in {@code
 * --db-password} and {@code API_KEY}.
 *
 * @param hidden with {@code *} for any characters; capitals, dashes at the beginning, and whether
 *     it is {@code -} or {@code _}, make no difference
 * @param shown these nevertheless, each in full
 */
public record RedactionPolicy(List<String> hidden, List<String> shown) {
  /** What is hidden anyway. */
  public static final List<String> USUALLY_HIDDEN =
      List.of(
          "*password*",
          "*passwd*",
          "*passphrase*",
          "*secret*",
          "*token*",
          "*credential*",
          "*api-key*",
          "*apikey*",
          "*access-key*",
          "*private-key*");

  /** Of each list. */
  static final int MAX_NAMES = 64;

  static final Pattern NAME = Pattern.compile("(?=.*[A-Za-z0-9])[A-Za-z0-9_.*-]{1,64}");

  private static final Pattern DASHES = Pattern.compile("^-+");

  public RedactionPolicy {
    hidden = hidden.stream().map(RedactionPolicy::plain).toList();
    shown = shown.stream().map(RedactionPolicy::plain).toList();
  }

  /** Without anything of an operator's. */
  public static RedactionPolicy usual() {
    return new RedactionPolicy(USUALLY_HIDDEN, List.of());
  }

  /** With more that is hidden, and exceptions. */
  static RedactionPolicy with(List<String> hidden, List<String> shown) {
    return new RedactionPolicy(
        Stream.concat(USUALLY_HIDDEN.stream(), hidden.stream()).toList(), shown);
  }

  /** Whether the value that has this name is hidden. */
  public boolean hides(String name) {
    String plain = plain(name);
    return !shown.contains(plain) && hidden.stream().anyMatch(pattern -> matches(pattern, plain));
  }

  private static String plain(String name) {
    return DASHES.matcher(name).replaceFirst("").replace('_', '-').toLowerCase(Locale.ROOT);
  }

  /** In time that grows with the product of the lengths, whatever the name is. */
  private static boolean matches(String pattern, String name) {
    int star = pattern.indexOf('*');
    if (star < 0) {
      return pattern.equals(name);
    }
    String rest = pattern.substring(star + 1);
    if (!name.startsWith(pattern.substring(0, star))) {
      return false;
    }
    int next = rest.indexOf('*');
    if (next < 0) {
      return name.length() >= star + rest.length() && name.endsWith(rest);
    }
    int found = name.indexOf(rest.substring(0, next), star);
    return found >= 0 && matches(rest.substring(next), name.substring(found + next));
  }
}
