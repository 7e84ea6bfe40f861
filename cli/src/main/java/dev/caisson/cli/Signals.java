package dev.caisson.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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

  private Signals() {}

  /** `TERM`, `SIGTERM`, `sigterm` or `15`; 0 only asks whether the process is there. */
  static int parse(String text) {
    String name = text.toUpperCase(Locale.ROOT).replaceFirst("^SIG", "");
    Integer known = NUMBERS.get(name);
    return known == null ? number(text) : known;
  }

  static String name(int number) {
    return number >= 1 && number <= NAMES.size() ? NAMES.get(number - 1) : String.valueOf(number);
  }

  private static int number(String text) {
    if (text.matches("[0-9]{1,2}") && Integer.parseInt(text) <= HIGHEST) {
      return Integer.parseInt(text);
    }
    throw CliException.usage(
        "SIGNAL must be a signal's name or number: " + text, "TERM, SIGTERM, 15, 0 to 64");
  }

  private static Map<String, Integer> numbers() {
    Map<String, Integer> numbers = new HashMap<>();
    for (int index = 0; index < NAMES.size(); index++) {
      numbers.put(NAMES.get(index), index + 1);
    }
    return Map.copyOf(numbers);
  }
}
