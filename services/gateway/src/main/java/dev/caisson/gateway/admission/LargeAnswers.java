package dev.caisson.gateway.admission;

import dev.caisson.gateway.errors.Errors;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Bounds the answers of some MiB that are under way, whatever the policies say: each is in memory
 * until its caller has read it, who may take his time. Thread-safe.
 */
final class LargeAnswers {
  /** Of one tenant: who does not read stops nobody else. */
  static final int EACH = 4;

  /** Together a third of the heap. */
  static final int ALL = 16;

  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final Map<String, Integer> underWay = new HashMap<>();
  private int all;

  /**
   * Takes a place until it is released.
   *
   * @throws StatusRuntimeException RESOURCE_EXHAUSTED, and then nothing is taken
   */
  synchronized Quotas.Share take(String tenant) {
    if (underWay.getOrDefault(tenant, 0) >= EACH) {
      throw tooMany("tenants/" + tenant, EACH);
    }
    if (all >= ALL) {
      throw tooMany("The gateway", ALL);
    }
    all++;
    underWay.merge(tenant, 1, Integer::sum);
    AtomicBoolean taken = new AtomicBoolean(true);
    return () -> {
      if (taken.getAndSet(false)) {
        release(tenant);
      }
    };
  }

  private synchronized void release(String tenant) {
    all--;
    underWay.computeIfPresent(tenant, (same, count) -> count == 1 ? null : count - 1);
  }

  private static StatusRuntimeException tooMany(String who, int bound) {
    return Errors.quotaExceeded(
        "%s must have at most %d searches or verifications of the trail at once; try again when one has ended"
            .formatted(who, bound),
        Map.of("quota", "searches at once", "limit", String.valueOf(bound)),
        AGAIN);
  }
}
