package dev.caisson.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Strings as C has them: UTF-8, ended by NUL. */
final class CString {
  private CString() {}

  /** What a NUL would cut short is refused: the kernel would see another name than was checked. */
  static MemorySegment in(Arena arena, String value) {
    if (value.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "string must not contain NUL: " + value.replace('\0', '?'));
    }
    return arena.allocateFrom(value);
  }

  /** An array of pointers, ended by NULL, as argv and envp are. */
  static MemorySegment array(Arena arena, List<String> values) {
    MemorySegment array = arena.allocate(ValueLayout.ADDRESS, values.size() + 1L);
    for (int i = 0; i < values.size(); i++) {
      array.setAtIndex(ValueLayout.ADDRESS, i, in(arena, values.get(i)));
    }
    return array;
  }
}
