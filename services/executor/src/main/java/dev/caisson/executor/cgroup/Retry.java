package dev.caisson.executor.cgroup;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Trying again, where the kernel has nothing to wait for: from 1 ms, twice as long each time, up to
 * 100 ms.
 */
public final class Retry {
  private static final long FIRST_NANOS = 1_000_000;
  private static final long LONGEST_NANOS = 100_000_000;

  private Retry() {}

  /**
   * Says whether it succeeded in time. Tries at least once, and ends early for an interrupted
   * thread
   */
  public static boolean until(Duration timeout, BooleanSupplier attempt) {
    long deadline = System.nanoTime() + timeout.toNanos();
    long pause = FIRST_NANOS;
    while (!attempt.getAsBoolean()) {
      if (System.nanoTime() - deadline >= 0 || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(pause);
      pause = Math.min(2 * pause, LONGEST_NANOS);
    }
    return true;
  }
}
