package dev.caisson.gateway.journal;

import java.time.Duration;

/**
 * How much of the journal is read at a time.
 *
 * @param pages streams that read what has been written, at the same time; the executor serves 64
 *     streams to all its readers
 * @param pageTime for which one of them is held, from its first response on
 * @param tailRecords the newest ones that are kept for those who follow
 * @param tailBytes of events, of those
 */
record JournalBounds(int pages, Duration pageTime, int tailRecords, int tailBytes) {
  static final JournalBounds DEFAULT = new JournalBounds(16, Duration.ofSeconds(2), 4_096, 4 << 20);

  JournalBounds {
    if (pages < 1 || pageTime.isZero() || pageTime.isNegative() || tailRecords < 1) {
      throw new IllegalArgumentException("bounds must be positive");
    }
  }
}
