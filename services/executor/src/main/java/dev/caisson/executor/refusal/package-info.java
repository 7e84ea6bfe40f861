/** What the executor will not do, and what the caller can change about it. */
@NullMarked
package dev.caisson.executor.refusal;

import org.jspecify.annotations.NullMarked;
