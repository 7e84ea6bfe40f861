/**
 * Control groups: detection of the host's layout, creation with limits, accounting, freezing,
 * killing and removal. No system calls but those behind plain file access.
 */
@NullMarked
package dev.caisson.executor.cgroup;

import org.jspecify.annotations.NullMarked;
