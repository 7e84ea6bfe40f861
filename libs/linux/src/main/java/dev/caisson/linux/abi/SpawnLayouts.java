package dev.caisson.linux.abi;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;

/** Structures of spawn.h and signal.h whose insides are the C library's own, in bytes. */
public final class SpawnLayouts {
  /** {@code posix_spawn_file_actions_t} */
  public static final MemoryLayout FILE_ACTIONS = opaque(80);

  /** {@code posix_spawnattr_t} */
  public static final MemoryLayout ATTRIBUTES = opaque(336);

  /** {@code sigset_t}, of which the kernel uses the first 64 bits. */
  public static final MemoryLayout SIGNALS = opaque(128);

  private SpawnLayouts() {}

  private static MemoryLayout opaque(long bytes) {
    return MemoryLayout.sequenceLayout(bytes / JAVA_LONG.byteSize(), JAVA_LONG);
  }
}
