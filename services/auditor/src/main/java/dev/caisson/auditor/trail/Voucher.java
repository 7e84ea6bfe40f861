package dev.caisson.auditor.trail;

/**
 * What a checkpoint says whose signature holds, before its chain can be held against the records.
 *
 * @param upTo the record for which it vouches
 * @param last whether the epoch ends with it, in order
 */
record Voucher(Position upTo, boolean last) {}
