package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct linux_dirent64}, getdents64(2), which is as {@code struct dirent64} of dirent.h but
 * for the length of its name. Of several in a row each begins where the one before says.
 *
 * <pre>{@code
 * struct linux_dirent64 {
 *   ino64_t d_ino; off64_t d_off; unsigned short d_reclen; unsigned char d_type; char d_name[];
 * };
 * }</pre>
 */
public final class Dirent {
  /** NAME_MAX, and a NUL. */
  private static final int NAME_BYTES = 256;

  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("d_ino"),
          JAVA_LONG.withName("d_off"),
          JAVA_SHORT.withName("d_reclen"),
          JAVA_BYTE.withName("d_type"),
          MemoryLayout.sequenceLayout(NAME_BYTES, JAVA_BYTE).withName("d_name"),
          MemoryLayout.paddingLayout(5));

  private static final long RECLEN = LAYOUT.byteOffset(groupElement("d_reclen"));
  private static final long TYPE = LAYOUT.byteOffset(groupElement("d_type"));
  private static final long NAME = LAYOUT.byteOffset(groupElement("d_name"));

  private Dirent() {}

  /** Aligned for the first entry; the kernel aligns those after it. */
  public static MemorySegment room(Arena arena, int bytes) {
    return arena.allocate(bytes, LAYOUT.byteAlignment());
  }

  public static int length(MemorySegment entries, long at) {
    return Short.toUnsignedInt(entries.get(JAVA_SHORT, at + RECLEN));
  }

  public static int type(MemorySegment entries, long at) {
    return entries.get(JAVA_BYTE, at + TYPE);
  }

  /** The name as it is, with its NUL: not every name is text. */
  public static byte[] bytes(MemorySegment entries, long at) {
    long end = at + NAME;
    while (entries.get(JAVA_BYTE, end) != 0) {
      end++;
    }
    return entries.asSlice(at + NAME, end + 1 - (at + NAME)).toArray(JAVA_BYTE);
  }

  public static String name(MemorySegment entries, long at) {
    return entries.getString(at + NAME);
  }
}
