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
    Signatures signatures) {}
