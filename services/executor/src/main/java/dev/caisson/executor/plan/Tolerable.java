package dev.caisson.executor.plan;

/** Errors that a step may be told to live with. Numbers: asm-generic/errno-base.h, errno.h. */
public enum Tolerable {
  EPERM(1),
  ENOENT(2),
  EBADF(9),
  EACCES(13),
  EEXIST(17),
  ENOTDIR(20),
  EINVAL(22),
  ENOSYS(38),
  EOPNOTSUPP(95);

  private final int number;

  Tolerable(int number) {
    this.number = number;
  }

  int number() {
    return number;
  }
}
