package dev.caisson.linux;

import java.util.Set;

/** What openat2(2) must refuse on the way to a file, linux/openat2.h. */
public enum Resolve {
  /** EXDEV at a mount point. */
  NO_MOUNT_CROSSING(0x01),
  /** ELOOP at a link such as /proc/self/fd/3. */
  NO_MAGIC_LINKS(0x02),
  /** ELOOP at any symbolic link. */
  NO_SYMLINKS(0x04),
  /** EXDEV at anything that leaves the directory: an absolute path or link, or {@code ..}. */
  BENEATH(0x08),
  /** The directory is the root: absolute paths and links, and {@code ..}, stay in it. */
  IN_ROOT(0x10);

  private final int bits;

  Resolve(int bits) {
    this.bits = bits;
  }

  static long bits(Set<Resolve> set) {
    long bits = 0;
    for (Resolve resolve : set) {
      bits |= resolve.bits;
    }
    return bits;
  }
}
