package dev.caisson.executor.plan;

/**
 * A directory of a root filesystem, as it is on the disk.
 *
 * @param mode permission bits, with the sticky one: 0 to 07777
 * @param uid unsigned; on the disk and in the container, whose root is id-mapped
 * @param gid unsigned
 */
public record DirectoryFacts(int mode, int uid, int gid) {
  /** The root of a filesystem, where nothing else is known. */
  static final DirectoryFacts ROOT = new DirectoryFacts(0755, 0, 0);

  /** What the kernel makes of the root of a tmpfs. */
  static final DirectoryFacts TMPFS = new DirectoryFacts(01777, 0, 0);

  private static final int MAX_MODE = 07777;

  public DirectoryFacts {
    if ((mode & ~MAX_MODE) != 0) {
      throw new IllegalArgumentException(
          "mode must be permission bits: " + Integer.toOctalString(mode));
    }
  }
}
