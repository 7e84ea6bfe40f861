package dev.caisson.model;

import java.time.Instant;

/**
 * How a process ended.
 *
 * @param code 0 to 255; 0 when a signal ended it
 * @param signal 1 to 64; 0: it exited
 * @param outOfMemory whether the kernel killed a process of the container for its memory limit
 * @param lost whether the rest is assumed, since nobody was there to see it
 */
public record ExitStatus(
    int code, int signal, boolean outOfMemory, Instant time, ProcessUsage usage, boolean lost) {
  private static final int MAX_CODE = 255;

  /** SIGRTMAX. */
  private static final int MAX_SIGNAL = 64;

  private static final int SIGKILL = 9;
  private static final int SHELL_SIGNAL_BASE = 128;

  public ExitStatus {
    if (code < 0 || code > MAX_CODE) {
      throw new IllegalArgumentException("code must be 0 to 255: " + code);
    }
    if (signal < 0 || signal > MAX_SIGNAL) {
      throw new IllegalArgumentException("signal must be 0 to 64: " + signal);
    }
    if (signal != 0 && code != 0) {
      throw new IllegalArgumentException("code must be 0 with signal " + signal + ": " + code);
    }
  }

  /** From the status of wait(2): the signal in the lowest 7 bits, the code in the next 8. */
  public static ExitStatus ofWait(
      int status, boolean outOfMemory, Instant time, ProcessUsage usage) {
    int signal = status & 0x7f;
    int code = signal == 0 ? (status >> 8) & 0xff : 0;
    return new ExitStatus(code, signal, outOfMemory, time, usage, false);
  }

  /** Of a process that went with its sandbox: as if killed. */
  public static ExitStatus lost(Instant time) {
    return new ExitStatus(0, SIGKILL, false, time, ProcessUsage.NONE, true);
  }

  /** As shells report it: the code, or 128 and the signal. */
  public int shellCode() {
    return signal == 0 ? code : SHELL_SIGNAL_BASE + signal;
  }
}
