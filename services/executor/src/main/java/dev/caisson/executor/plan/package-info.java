/**
 * From a specification to a program, without touching anything: spec and facts become a {@link
 * dev.caisson.executor.plan.Plan}, a list of typed steps, each of them one system call; a plan is
 * encoded for caisson-init by {@link dev.caisson.executor.plan.Program}. The line that is shown and
 * the bytes that run come from the same value, so that they cannot differ.
 *
 * <p>No I/O, no clock, no randomness: the same input gives the same plan.
 */
@NullMarked
package dev.caisson.executor.plan;

import org.jspecify.annotations.NullMarked;
