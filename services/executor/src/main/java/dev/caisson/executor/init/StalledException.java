package dev.caisson.executor.init;

import java.time.Duration;

/** A program does not go on, though caisson-init does. */
public final class StalledException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StalledException(Duration timeout) {
    super(
        "A process made no progress within "
            + timeout.toMillis()
            + " ms: something has stopped it, or what it needs does not answer.");
  }
}
