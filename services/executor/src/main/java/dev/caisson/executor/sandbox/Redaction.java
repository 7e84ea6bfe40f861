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

  /** Takes time with the square of what it looks at: never more than is shown. */
  private static final Pattern SECRET =
      Pattern.compile("(?i)((?:" + NAMES + ")[\\w-]*+[=:]).+", Pattern.DOTALL);

  private static final Pattern OPTION = Pattern.compile("-[\\w-]*+");
  private static final Pattern NAME = Pattern.compile("(?i)" + NAMES);

  private static final String HIDDEN = "***";

  List<String> args(List<String> args) {
    List<String> shown = new ArrayList<>();
    boolean secret = false;
    for (String arg : args.subList(0, Math.min(MAX_ARGS, args.size()))) {
      boolean option = arg.startsWith("-");
      shown.add(secret && !option ? HIDDEN : arg(arg));
      secret = namesSecret(arg);
    }
    return List.copyOf(shown);
  }

  /** The value is the argument after it. */
  private static boolean namesSecret(String arg) {
    return OPTION.matcher(arg).matches() && NAME.matcher(arg).find();
  }

  private static String arg(String arg) {
    String head = arg.substring(0, Math.min(MAX_LENGTH, arg.length()));
    String plain = CONTROL.matcher(head).replaceAll("?");
    String shown = SECRET.matcher(plain).replaceAll("$1***");
    boolean more = arg.length() > MAX_LENGTH && shown.equals(plain);
    return more || shown.length() > MAX_LENGTH ? shown.substring(0, MAX_LENGTH - 1) + "…" : shown;
  }
}
