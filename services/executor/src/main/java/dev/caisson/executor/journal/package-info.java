/**
 * The record: an append-only journal of events with a hash chain, the log of usage samples beside
 * it, and the service from which both are read.
 */
@NullMarked
package dev.caisson.executor.journal;

import org.jspecify.annotations.NullMarked;
