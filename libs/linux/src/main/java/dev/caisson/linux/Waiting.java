package dev.caisson.linux;

import dev.caisson.linux.abi.Constants;
import dev.caisson.linux.abi.Downcalls;
import dev.caisson.linux.abi.PollFd;
import dev.caisson.linux.abi.SystemCallNumbers;
import dev.caisson.linux.abi.Timespec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;

/** Waits for one descriptor, ppoll(2). */
final class Waiting {
  private static final SystemCallNumbers CALLS = SystemCallNumbers.current();

  private Waiting() {}

  /** False when the time was up first. An error or a hang-up counts: the next call tells it. */
  static boolean untilReadable(Fd fd, Duration timeout) {
    return until(Constants.POLLIN, fd, timeout);
  }

  /** The same of room, or of a connection that is being made. */
  static boolean untilWritable(Fd fd, Duration timeout) {
    return until(Constants.POLLOUT, fd, timeout);
  }

  /** Of a file of the kernel's: since it was last read through this descriptor. */
  static boolean untilChanged(Fd fd, Duration timeout) {
    return until(Constants.POLLPRI, fd, timeout);
  }

  private static boolean until(short events, Fd fd, Duration timeout) {
    Deadline deadline = Deadline.after(timeout);
    long result =
        Outcome.uninterrupted(() -> fd.use(number -> poll(number, events, deadline.left())));
    return Outcome.require(result, "wait for", fd) > 0;
  }

  private static long poll(int number, short events, Duration timeout) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment poll = PollFd.in(arena, number, events);
      MemorySegment time = Timespec.in(arena, timeout);
      return Downcalls.syscall(CALLS.ppoll(), poll.address(), 1, time.address(), 0, 0);
    }
  }
}
