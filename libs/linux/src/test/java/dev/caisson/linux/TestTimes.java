package dev.caisson.linux;

import java.time.Duration;

/** How long tests wait. */
final class TestTimes {
  /** For what must happen: only a failing test waits so long. */
  static final Duration LONG = Duration.ofSeconds(20);

  /** For what must not happen. */
  static final Duration SHORT = Duration.ofMillis(30);

  private TestTimes() {}
}
