/**
 * A single-node Kafka from Maven artifacts. Boundary: nothing of Caisson is known here, and nobody
 * depends on this module.
 */
@NullMarked
package dev.caisson.broker;

import org.jspecify.annotations.NullMarked;
