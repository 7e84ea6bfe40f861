package dev.caisson.executor.sandbox;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The user database of a container, which may hold anything: passwd(5).
 *
 * @param text each character one byte
 */
record Passwd(String text) {
  /** What is looked at of a longer one. */
  static final int MAX_BYTES = 1 << 20;

  /** {@code PATH_MAX}, less the null. */
  static final int MAX_HOME_BYTES = 4095;

  // Fields of a line.
  private static final int UID = 2;
  private static final int HOME = 5;
  private static final int FIELDS = 7;

  private static final Pattern NUMBER = Pattern.compile("[0-9]{1,10}");

  /** Its last line may be cut off, unless it is whole. */
  static Passwd of(byte[] bytes, boolean whole) {
    String text = new String(bytes, ISO_8859_1);
    return new Passwd(whole ? text : text.substring(0, text.lastIndexOf('\n') + 1));
  }

  /**
   * The home directory of a user, of whose lines the first counts; absent where that has none that
   * could be one.
   *
   * @param uid unsigned
   */
  Optional<String> home(int uid) {
    return text.lines()
        .map(line -> line.split(":", FIELDS))
        .filter(fields -> fields.length > HOME && is(fields[UID], uid))
        .findFirst()
        .map(fields -> fields[HOME])
        .filter(Passwd::isHome);
  }

  private static boolean is(String field, int uid) {
    return NUMBER.matcher(field).matches() && Long.parseLong(field) == Integer.toUnsignedLong(uid);
  }

  private static boolean isHome(String home) {
    return home.startsWith("/") && home.indexOf('\0') < 0 && home.length() <= MAX_HOME_BYTES;
  }
}
