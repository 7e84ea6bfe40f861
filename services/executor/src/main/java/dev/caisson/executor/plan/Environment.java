package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A process's environment: each name once, the last one of the given. */
record Environment(Map<String, String> variables) {
  /** What a shell without PATH looks at: confstr(3), {@code _CS_PATH}, with the usual additions. */
  private static final String DEFAULT_PATH =
      "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  /** Entries of PATH, each a candidate for execve(2). */
  static final int MAX_PATH_ENTRIES = 64;

  /**
   * The environment.
   *
   * @param entries {@code NAME=value}, checked
   */
  static Environment of(Collection<String> entries) {
    Map<String, String> variables = new LinkedHashMap<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      variables.put(entry.substring(0, equals), entry.substring(equals + 1));
    }
    return new Environment(variables);
  }

  /** An empty one is one: the user's own is for those who were given none. */
  boolean hasHome() {
    return variables.containsKey("HOME");
  }

  List<String> entries() {
    return variables.entrySet().stream()
        .map(entry -> entry.getKey() + "=" + entry.getValue())
        .toList();
  }

  /** The paths at which a program may be, in order; at least one. */
  List<String> candidates(String program) {
    if (program.indexOf('/') >= 0) {
      return List.of(program);
    }
    String path = variables.getOrDefault("PATH", DEFAULT_PATH);
    // An empty or relative entry would mean the working directory: a trap, so it is passed over.
    List<String> directories =
        Stream.of(path.split(":", -1)).filter(entry -> entry.startsWith("/")).distinct().toList();
    if (directories.isEmpty() || directories.size() > MAX_PATH_ENTRIES) {
      throw Refusal.invalid(
              "process.env", "have a PATH of 1 to 64 absolute directories", directories.size())
          .exception();
    }
    return directories.stream().map(entry -> join(entry, program)).toList();
  }

  private static String join(String directory, String program) {
    return directory.endsWith("/") ? directory + program : directory + "/" + program;
  }
}
