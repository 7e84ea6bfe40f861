package dev.caisson.executor.sandbox;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What of a command line may stand in the record: bounded, without control characters, and without
 * what looks like a secret. The environment is never recorded.
 */
final class Redaction {
  static final int MAX_ARGS = 32;
  static final int MAX_LENGTH = 256;

  private static final String NAMES = "password|passwd|secret|token|api[-_]?key|credential";
  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
  private static final Pattern SECRET =
      Pattern.compile("(?i)([\\w-]*(?:" + NAMES + ")[\\w-]*[=:]).+", Pattern.DOTALL);

  /** The value is the argument after it. */
  private static final Pattern SECRET_OPTION =
      Pattern.compile("(?i)-[\\w-]*(?:" + NAMES + ")[\\w-]*");

  private static final String HIDDEN = "***";

  List<String> args(List<String> args) {
    List<String> shown = new ArrayList<>();
    boolean secret = false;
    for (String arg : args.subList(0, Math.min(MAX_ARGS, args.size()))) {
      boolean option = arg.startsWith("-");
      shown.add(secret && !option ? HIDDEN : arg(arg));
      secret = SECRET_OPTION.matcher(arg).matches();
    }
    return List.copyOf(shown);
  }

  private static String arg(String arg) {
    String shown = SECRET.matcher(CONTROL.matcher(arg).replaceAll("?")).replaceAll("$1***");
    return shown.length() > MAX_LENGTH ? shown.substring(0, MAX_LENGTH - 1) + "…" : shown;
  }
}
