package dev.caisson.auditor.trail;

import java.util.Optional;

/**
 * What came of verifying a node's trail.
 *
 * @param records that were checked
 * @param first the first of them
 * @param last the last of them
 * @param problem the first that does not hold; empty: all do
 * @param openIntents intents without an outcome, as far as was checked
 */
public record Verification(
    String node,
    long records,
    Position first,
    Position last,
    Optional<Problem> problem,
    long openIntents) {}
