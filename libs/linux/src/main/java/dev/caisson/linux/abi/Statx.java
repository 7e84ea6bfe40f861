package dev.caisson.linux.abi;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * The first half of {@code struct statx}, linux/stat.h (4.11).
 *
 * <pre>{@code
 * struct statx {
 *   __u32 stx_mask; __u32 stx_blksize; __u64 stx_attributes; __u32 stx_nlink; __u32 stx_uid;
 *   __u32 stx_gid; __u16 stx_mode; __u64 stx_ino; __u64 stx_size; __u64 stx_blocks;
 *   __u64 stx_attributes_mask; struct statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
 *   __u32 stx_rdev_major; __u32 stx_rdev_minor; __u32 stx_dev_major; __u32 stx_dev_minor; ...
 * };
 * }</pre>
 */
public final class Statx {
  static final StructLayout LAYOUT =
      MemoryLayout.structLayout(
          JAVA_INT.withName("stx_mask"),
          JAVA_INT.withName("stx_blksize"),
          JAVA_LONG.withName("stx_attributes"),
          JAVA_INT.withName("stx_nlink"),
          JAVA_INT.withName("stx_uid"),
          JAVA_INT.withName("stx_gid"),
          JAVA_SHORT.withName("stx_mode"),
          MemoryLayout.paddingLayout(2),
          JAVA_LONG.withName("stx_ino"),
          JAVA_LONG.withName("stx_size"),
          JAVA_LONG.withName("stx_blocks"),
          JAVA_LONG.withName("stx_attributes_mask"),
          MemoryLayout.paddingLayout(64),
          JAVA_INT.withName("stx_rdev_major"),
          JAVA_INT.withName("stx_rdev_minor"),
          JAVA_INT.withName("stx_dev_major"),
          JAVA_INT.withName("stx_dev_minor"),
          MemoryLayout.paddingLayout(112));

  private static final long UID = LAYOUT.byteOffset(groupElement("stx_uid"));
  private static final long GID = LAYOUT.byteOffset(groupElement("stx_gid"));
  private static final long MODE = LAYOUT.byteOffset(groupElement("stx_mode"));
  private static final long INO = LAYOUT.byteOffset(groupElement("stx_ino"));
  private static final long SIZE = LAYOUT.byteOffset(groupElement("stx_size"));
  private static final long RDEV_MAJOR = LAYOUT.byteOffset(groupElement("stx_rdev_major"));
  private static final long RDEV_MINOR = LAYOUT.byteOffset(groupElement("stx_rdev_minor"));
  private static final long DEV_MAJOR = LAYOUT.byteOffset(groupElement("stx_dev_major"));
  private static final long DEV_MINOR = LAYOUT.byteOffset(groupElement("stx_dev_minor"));

  private Statx() {}

  public static MemorySegment in(Arena arena) {
    return arena.allocate(LAYOUT);
  }

  public static int uid(MemorySegment statx) {
    return statx.get(JAVA_INT, UID);
  }

  public static int gid(MemorySegment statx) {
    return statx.get(JAVA_INT, GID);
  }

  /** Type and permission bits, 16 bits. */
  public static int mode(MemorySegment statx) {
    return Short.toUnsignedInt(statx.get(JAVA_SHORT, MODE));
  }

  public static long inode(MemorySegment statx) {
    return statx.get(JAVA_LONG, INO);
  }

  public static long size(MemorySegment statx) {
    return statx.get(JAVA_LONG, SIZE);
  }

  public static int rdevMajor(MemorySegment statx) {
    return statx.get(JAVA_INT, RDEV_MAJOR);
  }

  public static int rdevMinor(MemorySegment statx) {
    return statx.get(JAVA_INT, RDEV_MINOR);
  }

  /** As in {@code st_dev}: makedev(3). */
  public static long device(MemorySegment statx) {
    long major = Integer.toUnsignedLong(statx.get(JAVA_INT, DEV_MAJOR));
    long minor = Integer.toUnsignedLong(statx.get(JAVA_INT, DEV_MINOR));
    return ((major & 0xfffff000L) << 32)
        | ((major & 0xfffL) << 8)
        | ((minor & 0xffffff00L) << 12)
        | (minor & 0xffL);
  }
}
