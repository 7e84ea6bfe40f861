package dev.caisson.gateway.relay;

import java.time.Duration;

/**
 * How many records share a transaction: each costs the broker and its readers about the same,
 * however many are in it.
 *
 * @param linger how long the first record waits for more; from zero to {@link #MAX_LINGER}
 * @param bytes when there are so many, they wait no longer: what is held is that and one message
 */
record Batching(Duration linger, long bytes) {

  /** A fifth of the time in which a record is to be in the trail. */
  static final Duration LINGER = Duration.ofMillis(100);

  /** Beyond it, readers would wait for the trail more than they want to. */
  static final Duration MAX_LINGER = Duration.ofSeconds(5);

  /** About 2,000 events of containers: at 20,000 a second, what comes in the time of the linger. */
  static final long BYTES = 1 << 20;

  Batching {
    if (linger.isNegative() || linger.compareTo(MAX_LINGER) > 0) {
      throw new IllegalArgumentException(
          "caisson.kafka.linger must be from 0 to " + MAX_LINGER.toMillis() + " ms: " + linger);
    }
    if (bytes < 1) {
      throw new IllegalArgumentException("bytes must be positive: " + bytes);
    }
  }
}
