package dev.caisson.executor.journal;

/** A refusal: a reader asked for a position from which it cannot go on. */
public final class PositionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Why. */
  public enum Kind {
    /** Records after it have been deleted already. */
    NOT_RETAINED,
    /** It is beyond the end, or none that was ever given out. */
    AHEAD
  }

  private final Kind kind;
  private final Position nearest;

  private PositionException(Kind kind, Position nearest, String message) {
    super(message);
    this.kind = kind;
    this.nearest = nearest;
  }

  static PositionException notRetained(Position asked, Position oldest) {
    return new PositionException(
        Kind.NOT_RETAINED,
        oldest,
        "position must not be before " + oldest + ", the oldest that is kept: " + asked);
  }

  static PositionException ahead(Position asked, Position end) {
    return new PositionException(
        Kind.AHEAD, end, "position must not be beyond the end, " + end + ": " + asked);
  }

  public Kind kind() {
    return kind;
  }

  /** A position from which one can go on. */
  public Position nearest() {
    return nearest;
  }
}
