package dev.caisson.linux.abi;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct scmp_arg_cmp { unsigned arg; enum scmp_compare op; uint64_t datum_a, datum_b; }}.
 */
public final class ScmpArgCmp {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_INT.withName("arg"),
          JAVA_INT.withName("op"),
          JAVA_LONG.withName("datum_a"),
          JAVA_LONG.withName("datum_b"));

  private static final long ARG = offset("arg");
  private static final long OP = offset("op");
  private static final long DATUM_A = offset("datum_a");
  private static final long DATUM_B = offset("datum_b");

  private ScmpArgCmp() {}

  private static long offset(String member) {
    return LAYOUT.byteOffset(PathElement.groupElement(member));
  }

  public static MemorySegment array(Arena arena, int count) {
    return arena.allocate(LAYOUT, count);
  }

  public static void set(
      MemorySegment array, int index, int argument, int operation, long first, long second) {
    MemorySegment element = array.asSlice(index * LAYOUT.byteSize(), LAYOUT.byteSize());
    element.set(JAVA_INT, ARG, argument);
    element.set(JAVA_INT, OP, operation);
    element.set(JAVA_LONG, DATUM_A, first);
    element.set(JAVA_LONG, DATUM_B, second);
  }
}
