package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct rlimit64}, linux/resource.h, which sys/resource.h has as {@code struct rlimit}; all
 * ones are no limit.
 *
 * <pre>{@code
 * struct rlimit64 { __u64 rlim_cur; __u64 rlim_max; };
 * }</pre>
 */
public final class ResourceLimits {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(JAVA_LONG.withName("rlim_cur"), JAVA_LONG.withName("rlim_max"));

  private static final long MAX = LAYOUT.byteOffset(groupElement("rlim_max"));

  private ResourceLimits() {}

  public static MemorySegment in(Arena arena) {
    return arena.allocate(LAYOUT);
  }

  public static long hard(MemorySegment limits) {
    return limits.get(JAVA_LONG, MAX);
  }

  public static void hard(MemorySegment limits, long value) {
    limits.set(JAVA_LONG, MAX, value);
  }
}
