/**
 * Control groups: detection of the host's layout, creation with limits, accounting, freezing,
 * killing and removal, by plain file access through {@link dev.caisson.linux.Files}.
 */
@NullMarked
package dev.caisson.executor.cgroup;

import org.jspecify.annotations.NullMarked;
