package dev.caisson.gateway.admission;

import dev.caisson.gateway.errors.Errors;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Counts what tenants take of their quotas. It keeps nothing of a tenant that has no call under way
 * and has paused, however many tenants are named. Thread-safe.
 */
final class Quotas {
  /** Tenants that are looked at for having paused, with each call. */
  private static final int LOOKED_AT = 4;

  private final LongSupplier clock;
  private final Map<String, TenantUse> uses = new LinkedHashMap<>(16, 0.75f, true);

  /**
   * For one gateway.
   *
   * @param clock as {@link System#nanoTime}
   */
  Quotas(LongSupplier clock) {
    this.clock = clock;
  }

  /** What a call has taken until it is over. */
  interface Share {
    /** Of a call that takes nothing. */
    Share NONE = () -> {};

    /** Gives it back; again has no effect. */
    void release();
  }

  /**
   * Takes what a call needs.
   *
   * @throws StatusRuntimeException RESOURCE_EXHAUSTED, and then nothing is taken but the request
   */
  synchronized Share take(Quota quota, String tenant, Set<TenantUse.Kind> kinds) {
    long now = clock.getAsLong();
    forgetSome(now);
    TenantUse use = uses.computeIfAbsent(tenant, name -> new TenantUse(quota, now));
    Optional<Duration> wait = use.take(quota, now);
    if (wait.isPresent()) {
      throw tooMany(tenant, "requests a second", quota.requests().orElse(0), wait.get());
    }
    for (TenantUse.Kind kind : kinds) {
      OptionalInt bound = kind == TenantUse.Kind.EXECS ? quota.execs() : quota.streams();
      if (bound.isPresent() && use.underWay(kind) >= bound.getAsInt()) {
        String what = kind == TenantUse.Kind.EXECS ? "execs" : "streams";
        throw tooMany(tenant, what + " at once", bound.getAsInt(), Duration.ofSeconds(1));
      }
    }
    kinds.forEach(use::begin);
    return kinds.isEmpty() ? Share.NONE : new Taken(use, kinds);
  }

  private final class Taken implements Share {
    private final TenantUse use;
    private final Set<TenantUse.Kind> kinds;

    Taken(TenantUse use, Set<TenantUse.Kind> kinds) {
      this.use = use;
      this.kinds = EnumSet.copyOf(kinds);
    }

    @Override
    public void release() {
      synchronized (Quotas.this) {
        kinds.forEach(use::end);
        kinds.clear();
      }
    }
  }

  /**
   * Those that were longest without a call; who is not idle is looked at again after all others.
   */
  private void forgetSome(long now) {
    for (String tenant : uses.keySet().stream().limit(LOOKED_AT).toList()) {
      TenantUse use = Objects.requireNonNull(uses.get(tenant));
      if (use.isIdle(now)) {
        uses.remove(tenant);
      }
    }
  }

  /** Tenants of whom something is kept. */
  synchronized int size() {
    return uses.size();
  }

  private static StatusRuntimeException tooMany(
      String tenant, String what, int bound, Duration wait) {
    return Errors.quotaExceeded(
        "tenants/%s must have at most %d %s; try again in %d ms, or ask an operator for more"
            .formatted(tenant, bound, what, Math.max(1, wait.toMillis())),
        Map.of("tenant", tenant, "quota", what, "limit", String.valueOf(bound)),
        wait);
  }
}
