/** Samples of the CPU time that sandboxes and their containers have used. */
@NullMarked
package dev.caisson.executor.usage;

import org.jspecify.annotations.NullMarked;
