package dev.caisson.linux;

import dev.caisson.linux.abi.Architecture;

/** How a file is opened, open(2). {@code O_CLOEXEC} is not among them: every descriptor has it. */
public enum OpenFlag {
  READ_ONLY(0),
  WRITE_ONLY(1),
  READ_WRITE(2),
  /** Creates the file with mode 0600 unless it exists. */
  CREATE(0100),
  /** With {@link #CREATE}: fails with EEXIST if anything is there, a symbolic link included. */
  EXCLUSIVE(0200),
  NO_CONTROLLING_TERMINAL(0400),
  TRUNCATE(01000),
  APPEND(02000),
  NON_BLOCKING(04000),
  /** Fails with ENOTDIR on anything else. */
  DIRECTORY(0200000, 040000),
  /**
   * Fails with ELOOP if the last component is a symbolic link; with {@link #PATH} opens the link.
   */
  NO_FOLLOW(0400000, 0100000),
  /** A handle to the place in the tree: nothing is read, no device is touched. */
  PATH(010000000);

  private final int x8664;
  private final int aarch64;

  OpenFlag(int bits) {
    this(bits, bits);
  }

  OpenFlag(int x8664, int aarch64) {
    this.x8664 = x8664;
    this.aarch64 = aarch64;
  }

  int bits(Architecture architecture) {
    return switch (architecture) {
      case X86_64 -> x8664;
      case AARCH64 -> aarch64;
    };
  }

  static int bits(OpenFlag... flags) {
    int bits = 0;
    for (OpenFlag flag : flags) {
      bits |= flag.bits(Architecture.current());
    }
    return bits;
  }
}
