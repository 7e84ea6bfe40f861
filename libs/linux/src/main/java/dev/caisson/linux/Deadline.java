package dev.caisson.linux;

import java.time.Duration;

/** A point in time, by the clock that is never set. */
record Deadline(long nanoTime) {
  /** As good as for ever: a century. */
  private static final Duration MAX = Duration.ofDays(36_525);

  static Deadline after(Duration timeout) {
    Duration bounded = timeout.compareTo(MAX) > 0 ? MAX : timeout;
    return new Deadline(System.nanoTime() + bounded.toNanos());
  }

  /** Never negative. */
  Duration left() {
    return Duration.ofNanos(Math.max(0, nanoTime - System.nanoTime()));
  }
}
