package dev.caisson.gateway.admission;

import dev.caisson.proto.executor.v1.TenantQuota;
import io.grpc.Context;

/**
 * What the tenant of a call may have on the node. It goes with the call to the executor, which
 * alone knows what there is, and counts it. Thread-safe.
 */
public final class LivingQuota {
  static final Context.Key<LivingQuota> KEY = Context.key("caisson-living-quota");

  private volatile TenantQuota quota = TenantQuota.getDefaultInstance();

  LivingQuota() {}

  /** Of the call that this thread serves; without any bound where its tenant has none. */
  public static TenantQuota current() {
    LivingQuota living = KEY.get();
    return living == null ? TenantQuota.getDefaultInstance() : living.quota;
  }

  void is(TenantQuota known) {
    quota = known;
  }
}
