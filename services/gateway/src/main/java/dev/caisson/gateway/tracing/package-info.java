/**
 * Spans of OpenTelemetry: of the calls that are served, of those to the executor for them, and of
 * what the executor then does, as its record says.
 */
@NullMarked
package dev.caisson.gateway.tracing;

import org.jspecify.annotations.NullMarked;
