package dev.caisson.auditor.trail;

/**
 * How far a partition is read.
 *
 * @param before the next offset that the database is expected to hold; 0: none yet
 * @param next the next offset to read
 */
record PartitionOffset(SourceTopic topic, int partition, long before, long next) {}
