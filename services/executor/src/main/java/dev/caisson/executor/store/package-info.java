/**
 * What the executor must know again after its own death: one durable file for each sandbox and each
 * container.
 */
@NullMarked
package dev.caisson.executor.store;

import org.jspecify.annotations.NullMarked;
