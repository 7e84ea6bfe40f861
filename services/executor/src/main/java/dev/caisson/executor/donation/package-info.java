/** Descriptors that local callers hand over: how they come, and who takes them. */
@NullMarked
package dev.caisson.executor.donation;

import org.jspecify.annotations.NullMarked;
