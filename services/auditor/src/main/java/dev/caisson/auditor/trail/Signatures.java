package dev.caisson.auditor.trail;

/**
 * What the signatures of a node's trail say.
 *
 * @param checked whether a key of the node is enrolled; otherwise all else is zero
 * @param checkpoints that hold
 * @param last the record up to which the last one of them vouches
 * @param unsigned records after it
 * @param ended whether the last record is the node's word that its executor ended in order
 */
public record Signatures(
    boolean checked, long checkpoints, Position last, long unsigned, boolean ended) {}
