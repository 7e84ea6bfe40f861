package dev.caisson.executor.sandbox;

import java.util.List;
import java.util.regex.Pattern;

/**
 * What of a command line may stand in the record: bounded, without control characters, and without what looks like a
 * secret. The environment is never recorded.
 */
final class Redaction {
  static final int MAX_ARGS = 32;
  static final int MAX_LENGTH = 256;

  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
  private static final Pattern SECRET =
      Pattern.compile(
          "(?i)([\\w-]*(?:password|passwd|secret|token|api[-_]?key|credential)[\\w-]*[=:]).+");

  List<String> args(List<String> args) {
    return args.stream().limit(MAX_ARGS).map(Redaction::arg).toList();
  }

  private static String arg(String arg) {
    String shown = SECRET.matcher(CONTROL.matcher(arg).replaceAll("?")).replaceAll("$1***");
    return shown.length() > MAX_LENGTH ? shown.substring(0, MAX_LENGTH - 1) + "…" : shown;
  }
}
