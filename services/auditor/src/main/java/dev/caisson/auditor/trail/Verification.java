package dev.caisson.auditor.trail;

import java.util.Optional;

/**
 * What came of verifying a node's trail.
 *
 * @param records that were checked
 * @param first the first of them
 * @param last the last of them
 * @param problem the first that does not hold; empty: all do
 * @param dropped the last record that retention has dropped; {@link Position#START}: none
 * @param openIntents intents without an outcome, as far as was checked
 * @param omitted events that the journal says it left out
 */
public record Verification(
    String node,
    long records,
    Position first,
    Position last,
    Position dropped,
    Optional<Problem> problem,
    long openIntents,
    long omitted,
    Signatures signatures) {

  /** Of a node that is enrolled, and of which there is nothing. */
  static Verification ofNone(String node) {
    Problem problem =
        new Problem(
            Problem.Kind.NO_RECORDS,
            Position.START,
            "The node is enrolled, and nothing of it has been recorded");
    return new Verification(
        node,
        0,
        Position.START,
        Position.START,
        Position.START,
        Optional.of(problem),
        0,
        0,
        new Signatures(true, 0, Position.START, 0, false));
  }
}
