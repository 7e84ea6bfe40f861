package dev.caisson.auditor.trail;

import dev.caisson.model.NodeKey;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * One node's trail as far as it was verified, and what the checks need to go on from there: nothing
 * is read twice. Bounded, however long the trail is. Not thread-safe.
 */
final class NodeWatch {

  /** Beyond any node: each is an operation that is under way. */
  static final int MAX_OPEN_INTENTS = 10_000;

  private final String node;
  private final SignatureCheck signatures;
  private final ChainCheck chain;
  private final SandboxChecks sandboxes;
  private boolean holds = true;

  /**
   * Begins at a node's first record, or after what was dropped.
   *
   * @param keys see {@link Enrolment#keys}
   */
  NodeWatch(String node, Optional<List<NodeKey>> keys, Optional<Anchor> anchor) {
    this.node = node;
    this.signatures = new SignatureCheck(node, keys);
    this.chain = new ChainCheck(signatures, anchor);
    this.sandboxes = new SandboxChecks(() -> chain.omitted() > 0, anchor.isPresent());
  }

  /**
   * Goes on to an end.
   *
   * @param stopping whether to leave the rest to the next time
   * @return false: something does not hold, or more would have to be kept than there is room for;
   *     it cannot be gone on from
   */
  boolean advance(TrailReader reader, Position end, BooleanSupplier stopping) throws SQLException {
    List<TrailEntry> page = next(reader, end);
    while (holds && !page.isEmpty() && !stopping.getAsBoolean()) {
      take(page, end);
      page = next(reader, end);
    }
    return holds;
  }

  private List<TrailEntry> next(TrailReader reader, Position end) throws SQLException {
    return last().compareTo(end) < 0 ? reader.pageOfNode(node, last()) : List.of();
  }

  private void take(List<TrailEntry> page, Position end) {
    for (TrailEntry entry : page) {
      if (holds && entry.position().compareTo(end) <= 0) {
        holds = accept(entry);
      }
    }
    holds &= chain.openIntents() <= MAX_OPEN_INTENTS;
  }

  private boolean accept(TrailEntry entry) {
    return chain.accept(entry).or(() -> sandboxes.accept(entry)).isEmpty();
  }

  /** The last record that was looked at. */
  Position last() {
    return chain.last();
  }

  SignatureCheck signatures() {
    return signatures;
  }
}
