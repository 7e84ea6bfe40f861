package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * {@code struct pidfd_info} as it was first, linux/pidfd.h (6.13); the ioctl's number carries its
 * size.
 *
 * <pre>{@code
 * struct pidfd_info {
 *   __u64 mask; __u64 cgroupid; __u32 pid; __u32 tgid; __u32 ppid; __u32 ruid; __u32 rgid;
 *   __u32 euid; __u32 egid; __u32 suid; __u32 sgid; __u32 fsuid; __u32 fsgid; __s32 exit_code;
 * };
 * }</pre>
 */
public final class PidfdInfo {
  /** {@code PIDFD_GET_INFO}: {@code _IOWR(0xFF, 11, struct pidfd_info)}. */
  public static final int GET = 0xc040ff0b;

  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_LONG.withName("mask"),
          JAVA_LONG.withName("cgroupid"),
          JAVA_INT.withName("pid"),
          MemoryLayout.paddingLayout(44));

  private static final long MASK = LAYOUT.byteOffset(groupElement("mask"));
  private static final long PID = LAYOUT.byteOffset(groupElement("pid"));

  private PidfdInfo() {}

  /** A request for the ids alone. */
  public static MemorySegment in(Arena arena) {
    MemorySegment info = arena.allocate(LAYOUT);
    info.set(JAVA_LONG, MASK, Constants.PIDFD_INFO_PID);
    return info;
  }

  public static int pid(MemorySegment info) {
    return info.get(JAVA_INT, PID);
  }
}
