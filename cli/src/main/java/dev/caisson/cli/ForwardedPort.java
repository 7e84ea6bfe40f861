package dev.caisson.cli;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A port here and the one that it leads to, as in {@code 8080:80}, {@code 80} and {@code :80}.
 *
 * @param local 0: any that is free
 * @param remote 1 to 65535
 */
record ForwardedPort(int local, int remote) {
  private static final int MAX = 65_535;
  private static final Pattern FORM = Pattern.compile("(?:(\\d{0,5})(:))?(\\d{1,5})");

  static ForwardedPort parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw wrong(text);
    }
    int remote = Integer.parseInt(matcher.group(3));
    int local = matcher.group(2) == null ? remote : local(matcher.group(1));
    if (remote < 1 || remote > MAX || local > MAX) {
      throw wrong(text);
    }
    return new ForwardedPort(local, remote);
  }

  private static int local(String digits) {
    return digits.isEmpty() ? 0 : Integer.parseInt(digits);
  }

  private static CliException wrong(String text) {
    return CliException.usage(
        "A port must be [LOCAL:]REMOTE, as in 8080:80, 80 or :80, each at most 65535: " + text);
  }
}
