package dev.caisson.model;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What ids of callers' choosing look like: names that are safe in a file name, a line and a URL.
 */
public final class Identifiers {
  public static final int MAX_LENGTH = 64;

  /** Neither {@code .} nor {@code -} comes first: no id is {@code ..}, hidden, or an option. */
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.+-]*");

  private static final String RULE =
      " must be 1 to 64 of [A-Za-z0-9_.+-], first a letter, digit or _: ";

  private Identifiers() {}

  /** What is wrong with an id, in a sentence; empty: nothing. */
  public static Optional<String> problem(String field, String value) {
    boolean good = value.length() <= MAX_LENGTH && FORM.matcher(value).matches();
    return good ? Optional.empty() : Optional.of(field + RULE + shown(value));
  }

  /** The value may be anything: what is shown of it is short and printable. */
  private static String shown(String value) {
    String head = value.length() > MAX_LENGTH ? value.substring(0, MAX_LENGTH) + "..." : value;
    return "\"" + head.replaceAll("[^ -~]", "?") + "\"";
  }
}
