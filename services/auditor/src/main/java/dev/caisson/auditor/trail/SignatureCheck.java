package dev.caisson.auditor.trail;

import com.google.protobuf.Timestamp;
import dev.caisson.auditor.trail.Problem.Kind;
import dev.caisson.model.Checkpoint;
import dev.caisson.model.NodeKey;
import dev.caisson.model.SignedChain;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.JournalCheckpoint;
import dev.caisson.proto.events.v1.Phase;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Holds a node's checkpoints against its records, whose chain has been recomputed; and finds that
 * none came for too long, where the node has not said that it ended. Without a key enrolled for any
 * node it says nothing.
 */
final class SignatureCheck {

  /** A node signs ten seconds after a record; the rest is for its way here, and for clocks. */
  static final Duration PATIENCE = Duration.ofSeconds(60);

  /** A node signs every five minutes, whether anything happens or not; the rest is the same. */
  static final Duration SILENCE = SignedChain.IDLE_INTERVAL.multipliedBy(2);

  /** The end of 9999: what a Timestamp can say, and far from an overflow. */
  private static final long MAX_SECONDS = 253_402_300_799L;

  private final boolean enrolled;
  private final boolean known;
  private final SignedChain signed;
  private Optional<Unsigned> oldest = Optional.empty();
  private Optional<Signed> newest = Optional.empty();
  private Position beginning = Position.START;
  private boolean ended;

  private record Unsigned(Position position, long nanos) {}

  /** A checkpoint that holds; its time is the node's word, and nobody else's. */
  private record Signed(Position position, long seconds) {}

  SignatureCheck(String node, Optional<List<NodeKey>> keys) {
    this.enrolled = keys.isPresent();
    this.known = !keys.orElse(List.of()).isEmpty();
    this.signed = new SignedChain(node, keys.orElse(List.of()));
  }

  /**
   * Begins after what was dropped. A later checkpoint vouches for the anchor, or it is one, and
   * vouches for the record before it.
   */
  void begin(Anchor anchor) {
    if (!known) {
      return;
    }
    Position position = anchor.position();
    beginning = position;
    if (position.seq() > 1) {
      signed.record(position.epoch(), position.seq() - 1, anchor.chainBefore().toByteArray());
    }
    Event event = anchor.decoded();
    if (!event.hasJournalCheckpoint() || checkpoint(anchor.entry(), event).isPresent()) {
      oldest = Optional.of(new Unsigned(position, anchor.timeNanos()));
    }
    if (!event.hasJournalCheckpoint()) {
      signed.record(position.epoch(), position.seq(), anchor.entry().chain().toByteArray());
    }
  }

  /** What does not hold in the next record, whose chain value does. */
  Optional<Problem> accept(TrailEntry entry, Event event) {
    if (!enrolled) {
      return Optional.empty();
    }
    if (!known) {
      return problem(Kind.UNKNOWN_KEY, entry.position(), "No key of this node is enrolled");
    }
    return event.hasJournalCheckpoint() && !signsWhatWasDropped(event.getJournalCheckpoint())
        ? checkpoint(entry, event)
        : record(entry);
  }

  // It cannot be held against anything any more: the next one can.
  private boolean signsWhatWasDropped(JournalCheckpoint said) {
    return said.getEpoch() == beginning.epoch() && said.getSeq() < beginning.seq() - 1;
  }

  private Optional<Problem> record(TrailEntry entry) {
    Position position = entry.position();
    signed.record(position.epoch(), position.seq(), entry.chain().toByteArray());
    ended = false;
    if (oldest.isEmpty()) {
      oldest = Optional.of(new Unsigned(position, entry.columns().timeNanos()));
    }
    return Optional.empty();
  }

  private Optional<Problem> checkpoint(TrailEntry entry, Event event) {
    Position position = entry.position();
    JournalCheckpoint said = event.getJournalCheckpoint();
    if (event.hasSubject() || event.hasActor() || event.getPhase() != Phase.OBSERVATION) {
      return problem(Kind.BAD_SIGNATURE, position, "No node makes such a checkpoint");
    }
    Optional<SignedChain.Flaw> flaw =
        signed.checkpoint(
            position.epoch(),
            position.seq(),
            entry.chain().toByteArray(),
            statement(said),
            said.getKeyFingerprint().toByteArray(),
            said.getSignature().toByteArray());
    oldest =
        signed.unsigned() == 0
            ? Optional.empty()
            : Optional.of(
                new Unsigned(
                    new Position(position.epoch(), signed.signedSeq() + 1),
                    entry.columns().timeNanos()));
    ended = flaw.isEmpty() && said.getLast();
    if (flaw.isEmpty()) {
      newest = Optional.of(new Signed(position, said.getTime().getSeconds()));
    }
    return flaw.flatMap(one -> problem(kind(one.kind()), position, one.message()));
  }

  /** What a checkpoint says, as it is signed. */
  static Checkpoint statement(JournalCheckpoint said) {
    Timestamp time = said.getTime();
    return new Checkpoint(
        said.getNode(),
        said.getEpoch(),
        said.getSeq(),
        HexFormat.of().formatHex(said.getChain().toByteArray()),
        time.getSeconds(),
        time.getNanos(),
        said.getLast());
  }

  private static Kind kind(SignedChain.Kind kind) {
    return switch (kind) {
      case UNKNOWN_KEY -> Kind.UNKNOWN_KEY;
      case BAD_SIGNATURE -> Kind.BAD_SIGNATURE;
    };
  }

  /**
   * Whether records at the end wait too long, or are too many, for a checkpoint; or whether none
   * came for too long, though nothing waits: then the end is cut off right after one.
   */
  Optional<Problem> end(Instant now) {
    return waiting(now).or(() -> silence(now));
  }

  private Optional<Problem> waiting(Instant now) {
    return oldest
        .filter(one -> signed.unsigned() > SignedChain.MAX_UNSIGNED || isFar(one, now))
        .flatMap(one ->
            problem(
                Kind.UNSIGNED,
                one.position(),
                "No checkpoint vouches for this record and what follows, %d in all"
                    .formatted(signed.unsigned())));
  }

  private Optional<Problem> silence(Instant now) {
    return newest
        .filter(one -> !ended && !hasBegunAgain(one) && isFar(one.seconds(), now, SILENCE))
        .flatMap(one ->
            problem(
                Kind.SILENT,
                one.position(),
                "No checkpoint came after this one for too long, and the node has not ended"));
  }

  // What a new life has written waits for its first checkpoint, and not for longer than usual.
  private boolean hasBegunAgain(Signed last) {
    return oldest
        .filter(
            one -> one.position().seq() == 1 && one.position().epoch() > last.position().epoch())
        .isPresent();
  }

  private static boolean isFar(Unsigned one, Instant now) {
    return isFar(TimeUnit.NANOSECONDS.toSeconds(one.nanos()), now, PATIENCE);
  }

  // A time to come is a forger's, who would wait for ever, or that of a clock that is wrong.
  private static boolean isFar(long seconds, Instant now, Duration most) {
    long age = now.getEpochSecond() - Math.clamp(seconds, 0, MAX_SECONDS);
    return Math.abs(age) > most.toSeconds();
  }

  Signatures result() {
    return new Signatures(
        known,
        signed.checkpoints(),
        new Position(signed.signedEpoch(), signed.signedSeq()),
        known ? signed.unsigned() : 0,
        ended);
  }

  private static Optional<Problem> problem(Kind kind, Position position, String message) {
    return Optional.of(new Problem(kind, position, message));
  }
}
