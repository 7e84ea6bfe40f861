package dev.caisson.executor.journal;

import java.time.Duration;

/**
 * By what and how often a journal is signed.
 *
 * @param records after so many at once
 * @param interval so long after the first that no checkpoint vouches for
 */
public record Signing(SigningKey key, long records, Duration interval) {
  static final long DEFAULT_RECORDS = 1_024;
  static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);

  public Signing {
    if (records < 1) {
      throw new IllegalArgumentException("records must be at least 1: " + records);
    }
  }

  public static Signing usual(SigningKey key) {
    return new Signing(key, DEFAULT_RECORDS, DEFAULT_INTERVAL);
  }
}
