package dev.caisson.executor.cgroup;

import dev.caisson.executor.refusal.Refusal;

/**
 * A refusal: limits that cannot be given as they were asked for. Nothing has been made or changed.
 */
public final class InvalidResources extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The field that holds the limits, as this package names it. */
  private static final String RESOURCES = "resources";

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
  private final String rule;
  private final String value;

  InvalidResources(Kind kind, String field, String rule, Object value) {
    super(Refusal.invalid(field, rule, value).message());
    this.kind = kind;
    this.field = field;
    this.rule = rule;
    this.value = String.valueOf(value);
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

  /**
   * What the caller is told.
   *
   * @param resources the field that holds the limits in the request
   */
  public Refusal refusal(String resources) {
    String named = resources + field.substring(RESOURCES.length());
    return switch (kind) {
      case INVALID -> Refusal.invalid(named, rule, value);
      case TOO_LOW -> Refusal.tooLow(named, rule, value);
      case UNSUPPORTED -> Refusal.hostLacks(named, Refusal.invalid(named, rule, value).message());
    };
  }
}
