/**
 * The auditor. Boundary: it knows Kafka and its own database, and nothing of the executor, the
 * journal or the gateway.
 */
@NullMarked
package dev.caisson.auditor;

import org.jspecify.annotations.NullMarked;
