package dev.caisson.linux;

/** What a file is, inode(7). */
public enum FileType {
  SOCKET(0140000),
  SYMBOLIC_LINK(0120000),
  REGULAR(0100000),
  BLOCK_DEVICE(0060000),
  DIRECTORY(0040000),
  CHARACTER_DEVICE(0020000),
  FIFO(0010000),
  /** Files of the kernel that have no type: pidfds, epolls, eventfds. */
  ANONYMOUS(0);

  /** {@code S_IFMT}. */
  private static final int MASK = 0170000;

  private final int bits;

  FileType(int bits) {
    this.bits = bits;
  }

  int bits() {
    return bits;
  }

  static FileType ofMode(int mode) {
    for (FileType type : values()) {
      if (type.bits == (mode & MASK)) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "mode must carry a file type: " + Integer.toOctalString(mode));
  }
}
