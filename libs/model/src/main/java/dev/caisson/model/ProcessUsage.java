package dev.caisson.model;

import java.time.Duration;

/**
 * What a process and the children that it has waited for have used: getrusage(2).
 *
 * @param maxRssBytes the largest resident set of one of them
 */
public record ProcessUsage(Duration user, Duration system, long maxRssBytes) {
  public static final ProcessUsage NONE = new ProcessUsage(Duration.ZERO, Duration.ZERO, 0);

  public ProcessUsage {
    if (user.isNegative() || system.isNegative() || maxRssBytes < 0) {
      throw new IllegalArgumentException(
          "usage must not be negative: " + user + ", " + system + ", " + maxRssBytes);
    }
  }
}
