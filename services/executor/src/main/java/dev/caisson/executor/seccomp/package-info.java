/**
 * System call filters: a specification's words become instructions of the kernel, once for each
 * profile, and the listener of those that hand calls on finds its way to whoever listens.
 */
@NullMarked
package dev.caisson.executor.seccomp;

import org.jspecify.annotations.NullMarked;
