package dev.caisson.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** signal(7): names of x86 and ARM, numbers 1 to 64. */
final class Signals {
  /** In the order of their numbers, from 1. */
  private static final List<String> NAMES =
      List.of(
          "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
          "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
          "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");

  private static final int HIGHEST = 64;
  private static final Map<String, Integer> NUMBERS = numbers();

  static final int KILL = 9;
  static final int TERM = 15;

  /** What glibc leaves to programs; it keeps 32 and 33 for itself: signal(7). */
  private static final int RTMIN = 34;

  private static final Pattern REAL_TIME =
      Pattern.compile("RT(?:MIN(?:\\+([0-9]{1,2}))?|MAX(?:-([0-9]{1,2}))?)");

  private Signals() {}

  /** `TERM`, `SIGTERM`, `sigterm` or `15`; 0 only asks whether the process is there. */
  static int parse(String text) {
    String name = text.toUpperCase(Locale.ROOT).replaceFirst("^SIG", "");
    Integer known = NUMBERS.get(name);
    if (known != null) {
      return known;
    }
    Matcher realTime = REAL_TIME.matcher(name);
    return realTime.matches() ? realTime(text, realTime) : number(text);
  }

  private static int realTime(String text, Matcher name) {
    int number =
        name.group().startsWith("RTMIN")
            ? RTMIN + offset(name.group(1))
            : HIGHEST - offset(name.group(2));
    if (number < RTMIN || number > HIGHEST) {
      throw unknown(text);
    }
    return number;
  }

  private static int offset(@Nullable String digits) {
    return digits == null ? 0 : Integer.parseInt(digits);
  }

  static String name(int number) {
    return number >= 1 && number <= NAMES.size() ? NAMES.get(number - 1) : String.valueOf(number);
  }

  private static int number(String text) {
    if (text.matches("[0-9]{1,2}") && Integer.parseInt(text) <= HIGHEST) {
      return Integer.parseInt(text);
    }
    throw unknown(text);
  }

  private static CliException unknown(String text) {
    return CliException.usage(
        "SIGNAL must be a signal's name or number: " + text,
        "TERM, SIGTERM, 15, RTMIN+1, RTMAX, 0 to 64");
  }

  private static Map<String, Integer> numbers() {
    Map<String, Integer> numbers = new HashMap<>();
    for (int index = 0; index < NAMES.size(); index++) {
      numbers.put(NAMES.get(index), index + 1);
    }
    return Map.copyOf(numbers);
  }
}
