package dev.caisson.cli;

/** What the client itself found wrong: a sentence, and a hint where one is known. */
final class CliException extends RuntimeException {
  private final int code;
  private final String hint;

  CliException(String message) {
    this(Exit.CAISSON_FAILED, message, "");
  }

  CliException(String message, String hint) {
    this(Exit.CAISSON_FAILED, message, hint);
  }

  private CliException(int code, String message, String hint) {
    super(message);
    this.code = code;
    this.hint = hint;
  }

  /** The user wrote something that cannot be meant. */
  static CliException usage(String message) {
    return new CliException(Exit.USAGE, message, "");
  }

  /** The user wrote something that cannot be meant. */
  static CliException usage(String message, String hint) {
    return new CliException(Exit.USAGE, message, hint);
  }

  int code() {
    return code;
  }

  String hint() {
    return hint;
  }

  String text() {
    return String.valueOf(getMessage());
  }
}
