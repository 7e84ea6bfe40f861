/**
 * What Kafka carries: topics, keys, CloudEvents types and headers, the hash chain, and settings of
 * clients. Invariant: text that a container controls is in no key and in no header.
 */
@NullMarked
package dev.caisson.events;

import org.jspecify.annotations.NullMarked;
