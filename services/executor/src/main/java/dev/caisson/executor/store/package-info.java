/**
 * What the executor must know again after its own death: the last record of each sandbox and each
 * container, in one file that is appended to.
 */
@NullMarked
package dev.caisson.executor.store;

import org.jspecify.annotations.NullMarked;
