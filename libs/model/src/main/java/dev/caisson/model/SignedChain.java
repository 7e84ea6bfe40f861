package dev.caisson.model;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Follows the records of a node's journal, whose chain somebody else recomputes, and holds each
 * checkpoint against them. Keeps the chain values that a checkpoint may yet sign. For one thread.
 *
 * <p>Only the keys that it is given count, never one that the journal names: whoever can forge the
 * journal can forge that too.
 */
public final class SignedChain {
  /** Records that a journal makes without a checkpoint, at most; 1,024 are usual. */
  public static final int MAX_UNSIGNED = 8_192;

  /** How long after its last checkpoint a journal to which nothing is added makes the next. */
  public static final Duration IDLE_INTERVAL = Duration.ofMinutes(5);

  private final String node;
  private final Map<String, NodeKey> keys;
  private final Deque<String> recent = new ArrayDeque<>();
  private long epoch;
  private long lastSeq;
  private long signedEpoch;
  private long signedSeq;
  private long checkpoints;
  private long unsigned;

  /** A check by the keys of one node, those that it had before among them. */
  public SignedChain(String node, List<NodeKey> keys) {
    this.node = node;
    this.keys =
        keys.stream()
            .collect(Collectors.toMap(NodeKey::toString, Function.identity(), (one, _) -> one));
  }

  /** What is wrong with a checkpoint. */
  public enum Kind {
    /** It is signed by a key that is not the node's. */
    UNKNOWN_KEY,
    /** It does not say what the records before it are, or its signature does not hold. */
    BAD_SIGNATURE
  }

  /** A sentence, too. */
  public record Flaw(Kind kind, String message) {}

  /**
   * Takes the next record, one of a new epoch or the one after the last.
   *
   * @param chain as recomputed
   */
  public void record(long ofEpoch, long seq, byte[] chain) {
    if (ofEpoch != epoch) {
      recent.clear();
      epoch = ofEpoch;
    }
    recent.addLast(HexFormat.of().formatHex(chain));
    if (recent.size() > MAX_UNSIGNED) {
      recent.removeFirst();
    }
    lastSeq = seq;
    unsigned++;
  }

  /**
   * Takes the next record, which is a checkpoint.
   *
   * @param fingerprint of the key that it names
   */
  public Optional<Flaw> checkpoint(
      long ofEpoch,
      long seq,
      byte[] chain,
      Checkpoint checkpoint,
      byte[] fingerprint,
      byte[] signature) {
    Optional<Flaw> flaw =
        place(ofEpoch, checkpoint).or(() -> signature(checkpoint, fingerprint, signature));
    long after = lastSeq - checkpoint.seq();
    record(ofEpoch, seq, chain);
    if (flaw.isEmpty()) {
      signedEpoch = ofEpoch;
      signedSeq = checkpoint.seq();
      checkpoints++;
      unsigned = after; // a checkpoint needs none that vouches for it
      forget(after + 2); // none signs what is before that again
    }
    return flaw;
  }

  private void forget(long butLast) {
    while (recent.size() > butLast) {
      recent.removeFirst();
    }
  }

  private Optional<Flaw> place(long ofEpoch, Checkpoint checkpoint) {
    if (!checkpoint.node().equals(node) || checkpoint.epoch() != ofEpoch) {
      return flaw(Kind.BAD_SIGNATURE, "It is a checkpoint of another node or epoch");
    }
    if (!Optional.of(checkpoint.chain()).equals(chainOf(ofEpoch, checkpoint.seq()))) {
      return flaw(
          Kind.BAD_SIGNATURE,
          "What was signed is not the chain value of record %d.%d"
              .formatted(ofEpoch, checkpoint.seq()));
    }
    return Optional.empty();
  }

  private Optional<String> chainOf(long ofEpoch, long seq) {
    long back = lastSeq - seq;
    if (ofEpoch != epoch || back < 0 || back >= recent.size()) {
      return Optional.empty();
    }
    return recent.stream().skip(recent.size() - 1 - back).findFirst();
  }

  private Optional<Flaw> signature(Checkpoint checkpoint, byte[] fingerprint, byte[] signature) {
    String named = HexFormat.of().formatHex(fingerprint);
    NodeKey key = keys.get(named);
    if (key == null) {
      return flaw(Kind.UNKNOWN_KEY, "It is signed by a key that is not the node's: " + named);
    }
    return key.verifies(checkpoint.message(), signature)
        ? Optional.empty()
        : flaw(Kind.BAD_SIGNATURE, "The signature is not one of these values by the node's key");
  }

  private static Optional<Flaw> flaw(Kind kind, String message) {
    return Optional.of(new Flaw(kind, message));
  }

  /** The epoch of the last record that a checkpoint vouches for; 0: there is none. */
  public long signedEpoch() {
    return signedEpoch;
  }

  public long signedSeq() {
    return signedSeq;
  }

  /** Checkpoints that hold. */
  public long checkpoints() {
    return checkpoints;
  }

  /** Records that no checkpoint vouches for, other than the last checkpoint. */
  public long unsigned() {
    return unsigned;
  }
}
