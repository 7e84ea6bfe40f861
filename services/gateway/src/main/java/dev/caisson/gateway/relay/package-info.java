/**
 * Carries the executor's journal into Kafka, each record exactly once and in order. Invariant: how
 * far it is, is in Kafka, and is written in the same transaction as the records before it; so it
 * keeps nothing of its own. Boundary: it has no way to command the executor.
 */
@NullMarked
package dev.caisson.gateway.relay;

import org.jspecify.annotations.NullMarked;
