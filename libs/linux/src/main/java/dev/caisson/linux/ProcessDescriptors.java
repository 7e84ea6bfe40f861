package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.SystemCallNumbers;

/** The descriptor table of this process. */
enum ProcessDescriptors implements DescriptorTable {
  INSTANCE;

  /** Standard input, output and error keep their numbers. */
  private static final int FIRST = 3;

  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  @Override
  public void close(int number) {
    // Whatever close(2) says, the descriptor is gone; only EBADF means that it was gone before.
    if (Downcalls.syscall(CALLS.close(), number) == -Errno.EBADF.number()) {
      throw new IllegalStateException("descriptor must not be closed by others: " + number);
    }
  }

  @Override
  public int duplicate(int number) {
    return duplicate(number, FIRST);
  }

  /**
   * @param least the smallest number that the duplicate may have
   */
  int duplicate(int number, int least) {
    long result =
        Downcalls.syscall(CALLS.fcntl(), number, Constants.F_DUPFD_CLOEXEC, Math.max(least, FIRST));
    return (int) Outcome.require(result, "duplicate", "descriptor " + number);
  }
}
