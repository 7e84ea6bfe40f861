package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.time.Duration;

/**
 * {@code struct timespec}, time.h.
 *
 * <pre>{@code
 * struct timespec { time_t tv_sec; long tv_nsec; };
 * }</pre>
 */
public final class Timespec {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(JAVA_LONG.withName("tv_sec"), JAVA_LONG.withName("tv_nsec"));

  private static final long SEC = LAYOUT.byteOffset(groupElement("tv_sec"));
  private static final long NSEC = LAYOUT.byteOffset(groupElement("tv_nsec"));

  private Timespec() {}

  public static MemorySegment in(Arena arena, Duration duration) {
    MemorySegment time = arena.allocate(LAYOUT);
    time.set(JAVA_LONG, SEC, duration.getSeconds());
    time.set(JAVA_LONG, NSEC, duration.getNano());
    return time;
  }
}
