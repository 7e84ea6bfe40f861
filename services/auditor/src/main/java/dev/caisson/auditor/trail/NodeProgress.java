package dev.caisson.auditor.trail;

import java.time.Instant;
import java.util.Optional;

/**
 * How far a node's records have come, in whatever order they did. Times are the auditor's: what
 * records say of theirs a forger chooses.
 *
 * @param last the last record
 * @param signed the last record for which a checkpoint vouches
 * @param waitingSince since when there are records for which none does
 * @param signedAt when the last checkpoint came that vouched for more than those before; empty:
 *     none came yet
 * @param through how far they came through the topic that they come through now
 * @param ended whether the last record is a checkpoint that says that the executor ended in order
 */
record NodeProgress(
    Position last,
    Position signed,
    Optional<Instant> waitingSince,
    Optional<Instant> signedAt,
    Through through,
    boolean ended) {

  static final NodeProgress NONE =
      new NodeProgress(
          Position.START, Position.START, Optional.empty(), Optional.empty(), Through.NONE, false);

  static final String CHECKPOINT = "dev.caisson.journal.signed.v1";

  /**
   * What it is after a record has come.
   *
   * @param voucher empty: it vouches for nothing. One that was seen before, or an older one, which
   *     somebody may have kept, says nothing new
   */
  NodeProgress after(Position position, Optional<Voucher> voucher, Instant now) {
    Position newLast = Position.later(last, position);
    return voucher
        .filter(one -> one.upTo().compareTo(signed) > 0)
        .map(one -> vouchedFor(one, newLast, newLast.equals(position), now))
        .orElseGet(() ->
            new NodeProgress(
                newLast,
                signed,
                waits(newLast, signed) ? waitingSince.or(() -> Optional.of(now)) : Optional.empty(),
                signedAt,
                through,
                ended && newLast.equals(last)));
  }

  /** What it is after a record has come, which may have come before. */
  NodeProgress through(SourceTopic topic, Position position) {
    return new NodeProgress(
        last, signed, waitingSince, signedAt, through.after(topic, position), ended);
  }

  private NodeProgress vouchedFor(Voucher voucher, Position newLast, boolean isLast, Instant now) {
    return new NodeProgress(
        newLast,
        voucher.upTo(),
        waits(newLast, voucher.upTo()) ? Optional.of(now) : Optional.empty(),
        Optional.of(now),
        through,
        voucher.last() && isLast);
  }

  // The record after the last that is signed is the checkpoint, or comes before it.
  private static boolean waits(Position last, Position signed) {
    return last.compareTo(new Position(signed.epoch(), signed.seq() + 1)) > 0;
  }
}
