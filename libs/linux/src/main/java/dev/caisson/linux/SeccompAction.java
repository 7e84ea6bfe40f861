package dev.caisson.linux;

/**
 * What becomes of a system call that a filter looks at.
 *
 * @param data of ERRNO the errno that the caller gets, of TRACE what a tracer gets; else 0
 */
public record SeccompAction(Kind kind, int data) {
  /** {@code MAX_ERRNO} of linux/err.h: the kernel cuts what is above. */
  public static final int MAX_ERRNO = 4095;

  /** {@code SECCOMP_RET_DATA} of linux/seccomp.h. */
  public static final int MAX_DATA = 0xffff;

  /** {@code SECCOMP_RET_*} of linux/seccomp.h; libseccomp has the same numbers. */
  public enum Kind {
    KILL_PROCESS(0x8000_0000),
    KILL_THREAD(0x0000_0000),
    TRAP(0x0003_0000),
    ERRNO(0x0005_0000),
    NOTIFY(0x7fc0_0000),
    TRACE(0x7ff0_0000),
    LOG(0x7ffc_0000),
    ALLOW(0x7fff_0000);

    private final int bits;

    Kind(int bits) {
      this.bits = bits;
    }

    int bits() {
      return bits;
    }
  }

  public SeccompAction {
    int most =
        switch (kind) {
          case ERRNO -> MAX_ERRNO;
          case TRACE -> MAX_DATA;
          case KILL_PROCESS, KILL_THREAD, TRAP, NOTIFY, LOG, ALLOW -> 0;
        };
    if (data < 0 || data > most) {
      throw new IllegalArgumentException("data of " + kind + " must be 0 to " + most + ": " + data);
    }
  }

  public static SeccompAction of(Kind kind) {
    return new SeccompAction(kind, 0);
  }

  int bits() {
    return kind.bits() | data;
  }
}
