package dev.caisson.auditor.trail;

import java.time.Instant;
import java.util.Optional;

/**
 * How far a node's records have come, in whatever order they did.
 *
 * @param last the last record
 * @param signed the last checkpoint
 * @param waitingSince since when there are records after the last checkpoint, by when they arrived:
 *     what they say of their times a forger chooses
 */
record NodeProgress(Position last, Position signed, Optional<Instant> waitingSince) {

  static final NodeProgress NONE =
      new NodeProgress(Position.START, Position.START, Optional.empty());

  static final String CHECKPOINT = "dev.caisson.journal.signed.v1";

  /** What it is after a record has come. */
  NodeProgress after(Position position, boolean checkpoint, Instant now) {
    boolean vouchedFor = checkpoint && position.compareTo(signed) > 0;
    Position newLast = later(last, position);
    Position newSigned = vouchedFor ? position : signed;
    Optional<Instant> since = vouchedFor ? Optional.empty() : waitingSince;
    return new NodeProgress(
        newLast,
        newSigned,
        newLast.compareTo(newSigned) > 0 ? since.or(() -> Optional.of(now)) : Optional.empty());
  }

  private static Position later(Position one, Position other) {
    return one.compareTo(other) >= 0 ? one : other;
  }
}
