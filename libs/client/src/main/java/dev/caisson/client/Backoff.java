package dev.caisson.client;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** Pauses that grow, and are not the same for all who were cut off at once. */
final class Backoff {
  static final Duration FIRST = Duration.ofMillis(100);
  static final Duration LONGEST = Duration.ofSeconds(5);

  /** 100 ms doubled six times is more than the longest. */
  private static final int MAX_DOUBLINGS = 6;

  private Backoff() {}

  /**
   * Half of the pause to all of it.
   *
   * @param failures in a row before this one, from 0
   */
  static Duration pause(int failures, RandomGenerator random) {
    long grown = FIRST.toMillis() << Math.min(failures, MAX_DOUBLINGS);
    long most = Math.min(grown, LONGEST.toMillis());
    return Duration.ofMillis(random.nextLong(most / 2, most + 1));
  }
}
