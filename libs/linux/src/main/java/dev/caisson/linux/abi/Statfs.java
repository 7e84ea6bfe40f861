package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct statfs}, asm/statfs.h.
 *
 * <pre>{@code
 * struct statfs {
 *   long f_type; long f_bsize; unsigned long f_blocks, f_bfree, f_bavail, f_files, f_ffree;
 *   fsid_t f_fsid; long f_namelen, f_frsize, f_flags, f_spare[4];
 * };
 * }</pre>
 */
public final class Statfs {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(JAVA_LONG.withName("f_type"), MemoryLayout.paddingLayout(112));

  private static final long TYPE = LAYOUT.byteOffset(groupElement("f_type"));

  private Statfs() {}

  public static MemorySegment in(Arena arena) {
    return arena.allocate(LAYOUT);
  }

  public static long type(MemorySegment statfs) {
    return statfs.get(JAVA_LONG, TYPE);
  }
}
