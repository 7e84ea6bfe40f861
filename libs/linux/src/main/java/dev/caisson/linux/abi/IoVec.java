package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct iovec}, sys/uio.h.
 *
 * <pre>{@code
 * struct iovec { void *iov_base; size_t iov_len; };
 * }</pre>
 */
public final class IoVec {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(JAVA_LONG.withName("iov_base"), JAVA_LONG.withName("iov_len"));

  private static final long BASE = LAYOUT.byteOffset(groupElement("iov_base"));
  private static final long LEN = LAYOUT.byteOffset(groupElement("iov_len"));

  private IoVec() {}

  public static MemorySegment in(Arena arena, long address, long length) {
    MemorySegment vector = arena.allocate(LAYOUT);
    set(vector, address, length);
    return vector;
  }

  public static void set(MemorySegment vector, long address, long length) {
    vector.set(JAVA_LONG, BASE, address);
    vector.set(JAVA_LONG, LEN, length);
  }
}
