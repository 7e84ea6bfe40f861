package dev.caisson.model;

import java.time.Clock;
import java.util.UUID;
import java.util.random.RandomGenerator;

/**
 * Makes uids, each greater than the one before: 48 bits of milliseconds, a counter of 12 bits, 62
 * random bits (RFC 9562, 6.2, method 1). Where the clock stands still or goes back, the counter
 * counts on; when that is full, time is taken from the future. Safe for many threads.
 */
public final class Uid7 {
  private static final int COUNTER_BITS = 12;
  private static final long COUNTER_END = 1L << COUNTER_BITS;

  /** A new millisecond starts the counter in its lower half, so that there is room to count. */
  private static final long COUNTER_START_END = COUNTER_END / 2;

  private static final long VERSION = 7L << COUNTER_BITS;
  private static final long VARIANT = 2L << 62;
  private static final long RANDOM_MASK = (1L << 62) - 1;

  private final Clock clock;
  private final RandomGenerator random;
  private long millis;
  private long counter;

  /** The randomness must be unpredictable where uids must be: {@code SecureRandom}. */
  public Uid7(Clock clock, RandomGenerator random) {
    this.clock = clock;
    this.random = random;
  }

  public synchronized Uid next() {
    advance();
    long high = (millis << 16) | VERSION | counter;
    return new Uid(new UUID(high, VARIANT | (random.nextLong() & RANDOM_MASK)));
  }

  private void advance() {
    long now = clock.millis();
    if (now > millis) {
      start(now);
    } else if (++counter == COUNTER_END) {
      start(millis + 1);
    }
  }

  private void start(long newMillis) {
    millis = newMillis;
    counter = random.nextLong(COUNTER_START_END);
  }
}
