package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct winsize}, sys/ioctl.h.
 *
 * <pre>{@code
 * struct winsize {
 *   unsigned short ws_row; unsigned short ws_col; unsigned short ws_xpixel; unsigned short ws_ypixel;
 * };
 * }</pre>
 */
public final class WinSize {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_SHORT.withName("ws_row"),
          JAVA_SHORT.withName("ws_col"),
          JAVA_SHORT.withName("ws_xpixel"),
          JAVA_SHORT.withName("ws_ypixel"));

  private static final long ROW = LAYOUT.byteOffset(groupElement("ws_row"));
  private static final long COL = LAYOUT.byteOffset(groupElement("ws_col"));

  private WinSize() {}

  public static MemorySegment in(Arena arena, int rows, int columns) {
    MemorySegment size = arena.allocate(LAYOUT);
    size.set(JAVA_SHORT, ROW, (short) rows);
    size.set(JAVA_SHORT, COL, (short) columns);
    return size;
  }
}
