package dev.caisson.executor.sandbox;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Names of processes in caisson-init's protocol: never the same twice, and unlike those of any life
 * before, of which caisson-init may still know some.
 *
 * <p>Thread-safe.
 */
final class Tokens {
  private final AtomicLong last;

  /**
   * @param epoch of the executor's life
   */
  Tokens(long epoch) {
    this.last = new AtomicLong(epoch << Integer.SIZE);
  }

  long next() {
    return last.incrementAndGet();
  }
}
