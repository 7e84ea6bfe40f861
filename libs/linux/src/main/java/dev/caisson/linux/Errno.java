package dev.caisson.linux;

/**
 * Error numbers, errno(3), as include/uapi/asm-generic/errno*.h gives them for x86_64 and aarch64.
 */
public enum Errno {
  EPERM(1),
  ENOENT(2);

  private final int number;

  Errno(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
