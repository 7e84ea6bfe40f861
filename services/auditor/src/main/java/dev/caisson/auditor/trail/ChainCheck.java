package dev.caisson.auditor.trail;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.trail.Problem.Kind;
import dev.caisson.events.HashChain;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * Follows a node's records in the order of its journal, across epochs: the sequence, the chain, the
 * columns, and that each outcome has its intent. Keeps one chain value and the intents that are
 * open.
 */
final class ChainCheck {

  private final SignatureCheck signatures;
  private final Position dropped;
  private final Set<Position> openIntents = new HashSet<>();
  private Position previous;
  private ByteString chain;
  private long records;

  // Events that a journal without room left out, and said so: an intent can be among them.
  private long omitted;

  /**
   * A check from a node's first record on, or from what was dropped.
   *
   * @param anchor the last record that was dropped; empty: none was
   */
  ChainCheck(SignatureCheck signatures, Optional<Anchor> anchor) {
    this.signatures = signatures;
    this.dropped = anchor.map(Anchor::position).orElse(Position.START);
    this.previous = dropped;
    this.chain = anchor.map(it -> it.entry().chain()).orElse(HashChain.GENESIS);
    anchor.ifPresent(signatures::begin);
  }

  /** What does not hold in the next record. After a problem, nothing more can be said. */
  Optional<Problem> accept(TrailEntry entry) {
    Optional<Problem> problem =
        sequence(entry)
            .or(() -> chain(entry))
            .or(() -> columns(entry))
            .or(() -> signatures.accept(entry, decoded(entry).orElseThrow()))
            .or(() -> pair(entry));
    previous = entry.position();
    chain = entry.chain();
    records++;
    return problem;
  }

  long records() {
    return records;
  }

  Position last() {
    return previous;
  }

  /** Events that the journal says it left out. */
  long omitted() {
    return omitted;
  }

  int openIntents() {
    return openIntents.size();
  }

  private Optional<Problem> sequence(TrailEntry entry) {
    Position position = entry.position();
    long expected = position.epoch() == previous.epoch() ? previous.seq() + 1 : 1;
    if (position.seq() == expected) {
      return Optional.empty();
    }
    return problem(
        Kind.GAP,
        entry,
        "Records %d to %d of epoch %d are missing"
            .formatted(expected, position.seq() - 1, position.epoch()));
  }

  private Optional<Problem> chain(TrailEntry entry) {
    if (HashChain.next(chain, entry.event()).equals(entry.chain())) {
      return Optional.empty();
    }
    return lostEnd(entry)
        .or(() ->
            problem(
                Kind.CHAIN_BROKEN,
                entry,
                "The chain value is not that of these bytes after the record before"));
  }

  // An epoch says where the one before it ended: so what is missing there can be told from what was
  // altered.
  private Optional<Problem> lostEnd(TrailEntry entry) {
    Event event = decoded(entry).orElse(Event.getDefaultInstance());
    if (entry.position().seq() != 1 || !event.hasExecutorStarted()) {
      return Optional.empty();
    }
    long epoch = event.getExecutorStarted().getPreviousEpoch();
    long seq = event.getExecutorStarted().getPreviousSeq();
    if (epoch == previous.epoch() && seq == previous.seq()) {
      return Optional.empty();
    }
    return problem(
        Kind.GAP,
        entry,
        "The epoch before ended at (%d, %d); records after (%d, %d) are missing"
            .formatted(epoch, seq, previous.epoch(), previous.seq()));
  }

  private static Optional<Problem> columns(TrailEntry entry) {
    boolean derived =
        decoded(entry)
            .map(event -> columnsOf(event).equals(Optional.of(entry.columns())))
            .orElse(false);
    return derived
        ? Optional.empty()
        : problem(Kind.ALTERED, entry, "The columns are not what the record's bytes say");
  }

  private static Optional<TrailColumns> columnsOf(Event event) {
    try {
      return Optional.of(TrailColumns.of(event));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private Optional<Problem> pair(TrailEntry entry) {
    Event event = decoded(entry).orElseThrow();
    omitted += Math.max(0, event.getGap().getCount());
    if (event.getPhase() == Phase.INTENT) {
      openIntents.add(entry.position());
    }
    boolean paired =
        event.getPhase() != Phase.OUTCOME
            || openIntents.remove(intentOf(event))
            || wasDropped(event)
            || (event.getIntentSeq() == 0 && omitted > 0);
    return paired ? Optional.empty() : unpaired(entry, event);
  }

  // Its intent, or that the journal left out its intent.
  private boolean wasDropped(Event outcome) {
    return !dropped.equals(Position.START) && intentOf(outcome).compareTo(dropped) <= 0;
  }

  private static Optional<Problem> unpaired(TrailEntry entry, Event event) {
    return problem(
        Kind.UNPAIRED_OUTCOME,
        entry,
        "There is no open intent at (%d, %d)".formatted(intentEpoch(event), event.getIntentSeq()));
  }

  private static Position intentOf(Event outcome) {
    return new Position(Math.max(0, intentEpoch(outcome)), Math.max(0, outcome.getIntentSeq()));
  }

  private static long intentEpoch(Event outcome) {
    return outcome.getIntentEpoch() == 0 ? outcome.getEpoch() : outcome.getIntentEpoch();
  }

  private static Optional<Event> decoded(TrailEntry entry) {
    try {
      return Optional.of(entry.decoded());
    } catch (InvalidProtocolBufferException e) {
      return Optional.empty();
    }
  }

  private static Optional<Problem> problem(Kind kind, TrailEntry entry, String message) {
    return Optional.of(new Problem(kind, entry.position(), message));
  }
}
