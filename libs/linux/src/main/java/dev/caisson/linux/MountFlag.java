package dev.caisson.linux;

import java.util.Set;

/** Attributes of a mount, {@code MOUNT_ATTR_*} of linux/mount.h. */
public enum MountFlag {
  READ_ONLY(0x1),
  NO_SUID(0x2),
  NO_DEVICES(0x4),
  NO_EXEC(0x8),
  /** One of the three ways to update access times; without any: relative, the kernel's default. */
  NO_ATIME(0x10),
  STRICT_ATIME(0x20),
  NO_DIRECTORY_ATIME(0x80),
  NO_SYMLINK_FOLLOWING(0x200000);

  /** {@code MOUNT_ATTR__ATIME}: not bits but one small number, which is changed as a whole. */
  static final long ATIME_MASK = 0x70;

  private final int bits;

  MountFlag(int bits) {
    this.bits = bits;
  }

  static long bits(Set<MountFlag> flags) {
    long bits = 0;
    for (MountFlag flag : flags) {
      bits |= flag.bits;
    }
    return bits;
  }
}
