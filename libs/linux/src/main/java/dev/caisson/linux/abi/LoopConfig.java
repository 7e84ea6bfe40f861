package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct loop_config}, linux/loop.h (5.8). Of the second structure the flags alone are set.
 *
 * <pre>{@code
 * struct loop_config {
 *   __u32 fd; __u32 block_size; struct loop_info64 info; __u64 __reserved[8];
 * };
 * }</pre>
 */
public final class LoopConfig {
  private static final long BEFORE_FLAGS = 52;
  private static final long AFTER_FLAGS = 176;
  private static final long RESERVED = 64;

  static final StructLayout INFO =
      MemoryLayout.structLayout(
          MemoryLayout.paddingLayout(BEFORE_FLAGS),
          JAVA_INT.withName("lo_flags"),
          MemoryLayout.paddingLayout(AFTER_FLAGS));

  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_INT.withName("fd"),
          JAVA_INT.withName("block_size"),
          INFO.withName("info"),
          MemoryLayout.paddingLayout(RESERVED));

  private static final long FD = LAYOUT.byteOffset(groupElement("fd"));
  private static final long FLAGS =
      LAYOUT.byteOffset(groupElement("info"), groupElement("lo_flags"));

  private LoopConfig() {}

  /** Of a whole file, in blocks of the usual size. */
  public static MemorySegment in(Arena arena, int fd, int flags) {
    MemorySegment config = arena.allocate(LAYOUT.byteSize(), Long.BYTES);
    config.set(JAVA_INT, FD, fd);
    config.set(JAVA_INT, FLAGS, flags);
    return config;
  }
}
