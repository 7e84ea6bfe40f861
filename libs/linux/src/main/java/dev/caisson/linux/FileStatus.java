package dev.caisson.linux;

/**
 * What statx(2) says of an open file.
 *
 * @param mode permission bits, with set-user-ID, set-group-ID and sticky: 0 to 07777
 * @param device of the filesystem, encoded as in {@code st_dev}; with {@code inode}, the identity
 * @param rdevMajor which device this is, for the two device types; else 0
 * @param uid unsigned, 32 bits, as this process's user namespace sees it
 * @param gid unsigned, 32 bits
 * @param size in bytes
 */
public record FileStatus(
    FileType type,
    int mode,
    long device,
    long inode,
    int rdevMajor,
    int rdevMinor,
    int uid,
    int gid,
    long size) {

  /** All permission bits, with set-user-ID, set-group-ID and sticky. */
  public static final int MAX_MODE = 07777;

  public FileStatus {
    if ((mode & ~MAX_MODE) != 0) {
      throw new IllegalArgumentException(
          "mode must be permission bits: " + Integer.toOctalString(mode));
    }
  }

  /** Whether both are the same file, whatever paths led to them. */
  public boolean sameFile(FileStatus other) {
    return device == other.device && inode == other.inode;
  }
}
