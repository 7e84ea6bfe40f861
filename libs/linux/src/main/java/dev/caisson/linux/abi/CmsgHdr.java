package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.stream.IntStream;

/**
 * {@code struct cmsghdr}, sys/socket.h, and the descriptors behind it, cmsg(3).
 *
 * <pre>{@code
 * struct cmsghdr { size_t cmsg_len; int cmsg_level; int cmsg_type; };
 * }</pre>
 */
public final class CmsgHdr {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("cmsg_len"),
          JAVA_INT.withName("cmsg_level"),
          JAVA_INT.withName("cmsg_type"));

  private static final long LEN = LAYOUT.byteOffset(groupElement("cmsg_len"));
  private static final long LEVEL = LAYOUT.byteOffset(groupElement("cmsg_level"));
  private static final long TYPE = LAYOUT.byteOffset(groupElement("cmsg_type"));

  private CmsgHdr() {}

  /** {@code CMSG_SPACE}: a header with this many descriptors and the padding after. */
  private static long space(int descriptors) {
    return LAYOUT.byteSize() + align(descriptors * JAVA_INT.byteSize());
  }

  /** A control buffer to receive descriptors into. */
  public static MemorySegment room(Arena arena, int descriptors) {
    return arena.allocate(space(descriptors), LAYOUT.byteAlignment());
  }

  /** A control buffer with descriptors to send; empty for none. */
  public static MemorySegment in(Arena arena, int[] descriptors) {
    if (descriptors.length == 0) {
      return MemorySegment.NULL;
    }
    MemorySegment control = room(arena, descriptors.length);
    control.set(JAVA_LONG, LEN, LAYOUT.byteSize() + descriptors.length * JAVA_INT.byteSize());
    control.set(JAVA_INT, LEVEL, Constants.SOL_SOCKET);
    control.set(JAVA_INT, TYPE, Constants.SCM_RIGHTS);
    for (int i = 0; i < descriptors.length; i++) {
      control.set(JAVA_INT, LAYOUT.byteSize() + i * JAVA_INT.byteSize(), descriptors[i]);
    }
    return control;
  }

  /**
   * Every descriptor in a control buffer that recvmsg(2) has filled.
   *
   * @param length how much of it is filled
   */
  public static int[] descriptors(MemorySegment control, long length) {
    IntStream.Builder found = IntStream.builder();
    for (long at = 0; at + LAYOUT.byteSize() <= length; ) {
      long end = at + control.get(JAVA_LONG, at + LEN);
      if (isRights(control, at)) {
        for (long i = at + LAYOUT.byteSize(); i + JAVA_INT.byteSize() <= end; i += 4) {
          found.add(control.get(JAVA_INT, i));
        }
      }
      at = Math.max(align(end), at + LAYOUT.byteSize());
    }
    return found.build().toArray();
  }

  private static boolean isRights(MemorySegment control, long at) {
    return control.get(JAVA_INT, at + LEVEL) == Constants.SOL_SOCKET
        && control.get(JAVA_INT, at + TYPE) == Constants.SCM_RIGHTS;
  }

  /** {@code CMSG_ALIGN}. */
  private static long align(long length) {
    return (length + JAVA_LONG.byteSize() - 1) & -JAVA_LONG.byteSize();
  }
}
