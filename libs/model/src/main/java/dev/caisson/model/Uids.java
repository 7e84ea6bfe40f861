package dev.caisson.model;

import java.time.Clock;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * UUIDs of version 7 (RFC 9562, section 5.7): they grow with time, and never repeat.
 *
 * <p>Thread-safe.
 */
public final class Uids {
  private static final long VERSION = 0x7000L;
  private static final long VARIANT = 0x8000_0000_0000_0000L;
  private static final int COUNTER_BITS = 12;

  private final Clock clock;
  private final RandomGenerator random;

  /** Milliseconds, and in the lowest bits a count within them: what the next one must exceed. */
  private long last;

  public Uids(Clock clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  /** Greater than every one before, also when the clock steps back. */
  public UUID next() {
    long now = ticks();
    long millis = now >>> COUNTER_BITS;
    long count = now & ((1L << COUNTER_BITS) - 1);
    long low = random.nextLong() >>> 2;
    return new UUID((millis << 16) | VERSION | count, VARIANT | low);
  }

  private synchronized long ticks() {
    last = Math.max(last + 1, clock.millis() << COUNTER_BITS);
    return last;
  }
}
