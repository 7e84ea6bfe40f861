package dev.caisson.auditor.trail;

/**
 * A record that does not hold, and in what.
 *
 * @param position {@link Position#START}: there is no record
 */
public record Problem(Kind kind, Position position, String message) {

  /** Whether another is this one, in whatever words. */
  boolean isSame(Problem other) {
    return kind == other.kind && position.equals(other.position);
  }

  /** As in caisson.audit.v1. */
  public enum Kind {
    CHAIN_BROKEN,
    GAP,
    UNPAIRED_OUTCOME,
    ORDER,
    ALTERED,
    BAD_SIGNATURE,
    UNKNOWN_KEY,
    UNSIGNED,
    DROPPED_EARLY,
    NO_RECORDS,
    SILENT
  }
}
