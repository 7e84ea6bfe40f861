/** The client of the executor. */
@NullMarked
package dev.caisson.gateway.executor;

import org.jspecify.annotations.NullMarked;
