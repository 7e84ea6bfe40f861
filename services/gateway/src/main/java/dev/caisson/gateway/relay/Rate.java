package dev.caisson.gateway.relay;

import java.time.Clock;
import java.time.Duration;

/** How many there were in each second, over the last minute. Thread-safe. */
final class Rate {

  static final Duration WINDOW = Duration.ofMinutes(1);

  private static final int SECONDS = (int) WINDOW.toSeconds();

  private final Clock clock;
  private final long[] counts = new long[SECONDS];
  private final long[] seconds = new long[SECONDS];

  Rate(Clock clock) {
    this.clock = clock;
  }

  synchronized void add(long count) {
    long second = clock.instant().getEpochSecond();
    int slot = (int) Math.floorMod(second, (long) SECONDS);
    if (seconds[slot] != second) {
      seconds[slot] = second;
      counts[slot] = 0;
    }
    counts[slot] += count;
  }

  synchronized double perSecond() {
    long now = clock.instant().getEpochSecond();
    long sum = 0;
    for (int slot = 0; slot < SECONDS; slot++) {
      sum += seconds[slot] > now - SECONDS && seconds[slot] <= now ? counts[slot] : 0;
    }
    return (double) sum / SECONDS;
  }
}
