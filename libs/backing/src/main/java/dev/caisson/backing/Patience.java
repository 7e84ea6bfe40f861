package dev.caisson.backing;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Looks again and again, where there is nothing to wait on. */
final class Patience {

  private static final Duration POLL = Duration.ofMillis(20);

  private Patience() {}

  /**
   * Returns when it is ready.
   *
   * @param name of what is waited for
   * @param alive whether it still can become ready
   * @param log what it has said, for the failure
   * @throws IllegalStateException if it ended, or was not ready in time
   */
  static void await(
      String name,
      Duration timeout,
      BooleanSupplier ready,
      BooleanSupplier alive,
      Supplier<String> log) {
    Instant deadline = Instant.now().plus(timeout);
    while (!ready.getAsBoolean()) {
      if (Thread.currentThread().isInterrupted()
          || !alive.getAsBoolean()
          || Instant.now().isAfter(deadline)) {
        throw new IllegalStateException(name + " was not ready: " + log.get());
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }
}
