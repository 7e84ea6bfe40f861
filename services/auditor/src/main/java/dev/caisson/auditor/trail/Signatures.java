package dev.caisson.auditor.trail;

/**
 * What the signatures of a node's trail say.
 *
 * @param checked whether a key of the node is enrolled; otherwise all else is zero
 * @param checkpoints that hold
 * @param last the record up to which the last one of them vouches
 * @param unsigned records after it
 */
public record Signatures(boolean checked, long checkpoints, Position last, long unsigned) {}
