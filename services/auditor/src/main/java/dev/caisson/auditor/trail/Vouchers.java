package dev.caisson.auditor.trail;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.model.Checkpoint;
import dev.caisson.model.NodeKey;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.JournalCheckpoint;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Tells checkpoints that a node has signed from what somebody else has put into the topic. Each can
 * be asked once it has come, whatever is missing before it. Looks a key up once; for one batch.
 */
final class Vouchers {

  private final Enrolment enrolment;
  private final Map<String, Optional<List<NodeKey>>> keys = new HashMap<>();

  Vouchers(Enrolment enrolment) {
    this.enrolment = enrolment;
  }

  /**
   * What a record vouches for.
   *
   * @return empty: it is no checkpoint, or no key of the node's has signed it. Where no node is
   *     enrolled, each is taken at its word
   */
  Optional<Voucher> of(TrailEntry entry) {
    if (!entry.columns().type().equals(NodeProgress.CHECKPOINT)) {
      return Optional.empty();
    }
    JournalCheckpoint said = decoded(entry).getJournalCheckpoint();
    return isOfItsPlace(entry, said) && isSigned(entry, said)
        ? Optional.of(
            new Voucher(new Position(entry.position().epoch(), said.getSeq()), said.getLast()))
        : Optional.empty();
  }

  private static boolean isOfItsPlace(TrailEntry entry, JournalCheckpoint said) {
    return said.getNode().equals(entry.columns().node())
        && said.getEpoch() == entry.position().epoch()
        && said.getSeq() > 0
        && said.getSeq() < entry.position().seq();
  }

  private boolean isSigned(TrailEntry entry, JournalCheckpoint said) {
    return keys.computeIfAbsent(entry.columns().node(), enrolment::keys)
        .map(known -> known.stream().anyMatch(key -> isSigned(key, said)))
        .orElse(true);
  }

  private static boolean isSigned(NodeKey key, JournalCheckpoint said) {
    Checkpoint statement = SignatureCheck.statement(said);
    return said.getChain().size() == Checkpoint.CHAIN_BYTES
        && Arrays.equals(key.fingerprint(), said.getKeyFingerprint().toByteArray())
        && key.verifies(statement.message(), said.getSignature().toByteArray());
  }

  private static Event decoded(TrailEntry entry) {
    try {
      return entry.decoded();
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("It was decoded before", e);
    }
  }
}
