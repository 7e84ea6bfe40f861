package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct clone_args}, linux/sched.h (5.3, 5.7 with cgroup).
 *
 * <pre>{@code
 * struct clone_args {
 *   __u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
 *   __u64 set_tid, set_tid_size, cgroup;
 * };
 * }</pre>
 */
public final class CloneArgs {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("flags"),
          MemoryLayout.paddingLayout(72),
          JAVA_LONG.withName("cgroup"));

  private static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));
  private static final long CGROUP = LAYOUT.byteOffset(groupElement("cgroup"));

  private CloneArgs() {}

  public static MemorySegment in(Arena arena, long flags, long cgroup) {
    MemorySegment arguments = arena.allocate(LAYOUT);
    arguments.set(JAVA_LONG, FLAGS, flags);
    arguments.set(JAVA_LONG, CGROUP, cgroup);
    return arguments;
  }
}
