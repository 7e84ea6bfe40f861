package dev.caisson.linux;

import java.util.function.LongSupplier;

/** What a system call's result means: a value, or minus an errno. */
final class Outcome {
  private Outcome() {}

  /**
   * The value of a call that must succeed.
   *
   * @param subject named in the failure by its {@code toString}
   */
  static long require(long result, String operation, Object subject) {
    if (result < 0) {
      throw failure(result, operation, subject);
    }
    return result;
  }

  /** The value of a call that may have nothing to do yet, which is {@link Files#WOULD_BLOCK}. */
  static int requireOrWouldBlock(long result, String operation, Object subject) {
    return is(result, Errno.EAGAIN)
        ? Files.WOULD_BLOCK
        : Math.toIntExact(require(result, operation, subject));
  }

  static boolean is(long result, Errno errno) {
    return result == -errno.number();
  }

  static LinuxException failure(long result, String operation, Object subject) {
    int number = Math.toIntExact(-result);
    Errno errno = Errno.of(number);
    String what = errno == Errno.UNKNOWN ? subject + " (error " + number + ")" : subject.toString();
    return new LinuxException(operation, what, errno);
  }

  /** Repeats a call that a signal has interrupted. */
  static long uninterrupted(LongSupplier call) {
    long result = call.getAsLong();
    while (is(result, Errno.EINTR)) {
      result = call.getAsLong();
    }
    return result;
  }
}
