/**
 * Fakes that behave as the real things do, with failures to inject and records of what was asked.
 */
@NullMarked
package dev.caisson.testing;

import org.jspecify.annotations.NullMarked;
