package dev.caisson.gateway.admission;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/** What a tenant's calls take of its quota. Guarded by {@link Quotas}. */
final class TenantUse {
  private static final double NANOS = 1e9;

  /** Calls that are counted while they are under way. */
  enum Kind {
    STREAMS,
    EXECS
  }

  private final Map<Kind, Integer> underWay = new EnumMap<>(Kind.class);
  private Quota quota;
  private double tokens;
  private long filledAt;

  /** With a full bucket. */
  TenantUse(Quota quota, long now) {
    this.quota = quota;
    this.tokens = quota.burst();
    this.filledAt = now;
  }

  /**
   * Takes a token for a request.
   *
   * @param current what the tenant has now
   * @param now as {@link System#nanoTime}
   * @return how long until there is one; empty: there was
   */
  Optional<Duration> take(Quota current, long now) {
    quota = current;
    if (quota.requests().isEmpty()) {
      return Optional.empty();
    }
    fill(now);
    if (tokens >= 1) {
      tokens--;
      return Optional.empty();
    }
    double missing = (1 - tokens) / quota.requests().getAsInt();
    return Optional.of(Duration.ofNanos((long) Math.ceil(missing * NANOS)));
  }

  private void fill(long now) {
    if (quota.requests().isPresent()) {
      double made = (now - filledAt) / NANOS * quota.requests().getAsInt();
      tokens = Math.min(quota.burst(), tokens + made);
    }
    filledAt = now;
  }

  int underWay(Kind kind) {
    return underWay.getOrDefault(kind, 0);
  }

  void begin(Kind kind) {
    underWay.merge(kind, 1, Integer::sum);
  }

  void end(Kind kind) {
    underWay.computeIfPresent(kind, (same, count) -> count == 1 ? null : count - 1);
  }

  /** Whether a new one would be the same. */
  boolean isIdle(long now) {
    fill(now);
    return underWay.isEmpty() && (quota.requests().isEmpty() || tokens >= quota.burst());
  }
}
