package dev.caisson.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Of a command line: {@code --name value} pairs. */
final class Arguments {
  /** Which can be given as {@code --name FILE}. */
  static final List<String> RUNTIMES = List.of("runc", "crun");

  private Arguments() {}

  static Map<String, String> pairs(String[] args) {
    Map<String, String> options = new HashMap<>();
    for (int index = 0; index + 1 < args.length; index += 2) {
      options.put(args[index], args[index + 1]);
    }
    return options;
  }

  static String required(Map<String, String> options, String name) {
    String value = options.get(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " must be given");
    }
    return value;
  }
}
