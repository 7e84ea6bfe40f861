package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct sockaddr_un}, sys/un.h.
 *
 * <pre>{@code
 * struct sockaddr_un { sa_family_t sun_family; char sun_path[108]; };
 * }</pre>
 */
public final class SockaddrUn {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_SHORT.withName("sun_family"),
          MemoryLayout.sequenceLayout(108, JAVA_BYTE).withName("sun_path"));

  private static final long FAMILY = LAYOUT.byteOffset(groupElement("sun_family"));
  private static final long PATH = LAYOUT.byteOffset(groupElement("sun_path"));

  private SockaddrUn() {}

  /** For an address that the kernel writes. */
  public static MemorySegment room(Arena arena) {
    return arena.allocate(LAYOUT);
  }

  /** The longest path, in bytes, with the NUL that ends it left out. */
  public static final int MAX_PATH = (int) (LAYOUT.byteSize() - PATH) - 1;

  /**
   * The address of a socket's file.
   *
   * @param path at most {@link #MAX_PATH} bytes
   */
  public static MemorySegment in(Arena arena, byte[] path) {
    MemorySegment address = arena.allocate(LAYOUT);
    address.set(JAVA_SHORT, FAMILY, (short) Constants.AF_UNIX);
    MemorySegment.copy(path, 0, address, JAVA_BYTE, PATH, path.length);
    return address;
  }
}
