/** What containers use, for Prometheus. */
@NullMarked
package dev.caisson.gateway.metrics;

import org.jspecify.annotations.NullMarked;
