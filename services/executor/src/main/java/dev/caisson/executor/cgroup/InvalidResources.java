package dev.caisson.executor.cgroup;

/**
 * A refusal: limits that cannot be given as they were asked for. Nothing has been made or changed.
 */
public final class InvalidResources extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Kind {
    /** A value or a combination that has no meaning, or that the parent cgroup does not allow. */
    INVALID,
    /** Below what starting a process needs. */
    TOO_LOW,
    /** This host has no such controller or file. */
    UNSUPPORTED
  }

  private final Kind kind;
  private final String field;

  InvalidResources(Kind kind, String field, String rule, Object value) {
    super(field + " must " + rule + ": " + value);
    this.kind = kind;
    this.field = field;
  }

  static InvalidResources invalid(String field, String rule, Object value) {
    return new InvalidResources(Kind.INVALID, field, rule, value);
  }

  static InvalidResources tooLow(String field, String rule, Object value) {
    return new InvalidResources(Kind.TOO_LOW, field, rule, value);
  }

  static InvalidResources unsupported(String field, String what, Object value) {
    return new InvalidResources(Kind.UNSUPPORTED, field, "be absent, since " + what, value);
  }

  public Kind kind() {
    return kind;
  }

  /** As in {@code resources.memory.limit}. */
  public String field() {
    return field;
  }
}
