package dev.caisson.executor.journal;

import dev.caisson.model.SignedChain;
import java.time.Duration;

/**
 * By what and how often a journal is signed.
 *
 * @param records after so many at once
 * @param interval so long after the first that no checkpoint vouches for
 * @param idle so long after the checkpoint before where there is none of these: so that a journal
 *     to which nothing is added can be told from one whose end is withheld
 */
public record Signing(SigningKey key, long records, Duration interval, Duration idle) {
  static final long DEFAULT_RECORDS = 1_024;
  static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);

  public Signing {
    if (records < 1) {
      throw new IllegalArgumentException("records must be at least 1: " + records);
    }
    if (!idle.isPositive()) {
      throw new IllegalArgumentException("idle must be positive: " + idle);
    }
  }

  public static Signing usual(SigningKey key) {
    return new Signing(key, DEFAULT_RECORDS, DEFAULT_INTERVAL, SignedChain.IDLE_INTERVAL);
  }
}
