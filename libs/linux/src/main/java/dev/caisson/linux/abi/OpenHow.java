package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct open_how}, linux/openat2.h (5.6).
 *
 * <pre>{@code
 * struct open_how { __u64 flags; __u64 mode; __u64 resolve; };
 * }</pre>
 */
public final class OpenHow {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("flags"), JAVA_LONG.withName("mode"), JAVA_LONG.withName("resolve"));

  private static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));
  private static final long MODE = LAYOUT.byteOffset(groupElement("mode"));
  private static final long RESOLVE = LAYOUT.byteOffset(groupElement("resolve"));

  private OpenHow() {}

  public static MemorySegment in(Arena arena, long flags, long mode, long resolve) {
    MemorySegment how = arena.allocate(LAYOUT);
    how.set(JAVA_LONG, FLAGS, flags);
    how.set(JAVA_LONG, MODE, mode);
    how.set(JAVA_LONG, RESOLVE, resolve);
    return how;
  }
}
