package dev.caisson.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.gateway.names.Tenants;
import dev.caisson.proto.executor.v1.TenantQuota;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class QuotasTest {
  private static final Set<TenantUse.Kind> NONE = Set.of();
  private static final Set<TenantUse.Kind> EXEC = EnumSet.allOf(TenantUse.Kind.class);
  private static final long MILLIS = 1_000_000;

  private final AtomicLong now = new AtomicLong(Long.MAX_VALUE - 100 * MILLIS); // it will overflow
  private final Quotas quotas = new Quotas(now::get);

  @Test
  void requestsComeAtTheirRateAfterABurst() {
    Quota ten = quota("a", OptionalInt.of(10), 3, OptionalInt.empty());
    assertThat(allowed(ten, "a", 5)).isEqualTo(3);
    now.addAndGet(99 * MILLIS);
    assertThat(allowed(ten, "a", 5)).isZero();
    assertThatThrownBy(() -> quotas.take(ten, "a", NONE))
        .hasMessageContaining(
            "tenants/a must have at most 10 requests a second; try again in 1 ms, or ask an operator");
    now.addAndGet(2 * MILLIS);
    assertThat(allowed(ten, "a", 5)).isEqualTo(1);
    now.addAndGet(10_000 * MILLIS);
    assertThat(allowed(ten, "a", 5)).isEqualTo(3);
  }

  @Test
  void callsUnderWayAreCountedUntilTheyAreOver() {
    Quota two = quota("*", OptionalInt.empty(), 1, OptionalInt.of(2));
    Quotas.Share first = quotas.take(two, "a", EXEC);
    var _ = quotas.take(two, "a", EXEC);
    assertThatThrownBy(() -> quotas.take(two, "a", EXEC))
        .hasMessageContaining("tenants/a must have at most 2 ")
        .hasMessageContaining(" at once");
    assertThat(allowed(two, "a", 5)).isEqualTo(5);
    var _ = quotas.take(two, "b", EXEC);
    first.release();
    first.release();
    var _ = quotas.take(two, "a", EXEC);
    assertThatThrownBy(() -> quotas.take(two, "a", EXEC))
        .isInstanceOf(StatusRuntimeException.class);
  }

  @Test
  void theFirstThatNamesATenantHolds() {
    Quota one = quota("a", OptionalInt.of(1), 1, OptionalInt.empty());
    Quota all = quota("*", OptionalInt.of(1), 4, OptionalInt.empty());
    Policies both = new Policies(List.of(), List.of(one, all));
    assertThat(both.quotaOf("a")).contains(one);
    assertThat(both.quotaOf("b")).contains(all);
    assertThat(new Policies(List.of(), List.of(one)).quotaOf("b")).isEmpty();
    assertThat(allowed(all, "b", 9)).isEqualTo(4);
    assertThat(allowed(all, "c", 9)).isEqualTo(4);
  }

  @Test
  void keepsNothingOfTenantsThatHavePaused() {
    Quota all = quota("*", OptionalInt.of(10), 10, OptionalInt.of(10));
    List<Quotas.Share> kept = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      kept.add(quotas.take(all, "busy" + i, EXEC));
    }
    for (int i = 0; i < 10_000; i++) {
      now.addAndGet(10 * MILLIS);
      var _ = quotas.take(all, "t" + i, NONE);
      assertThat(quotas.size()).isLessThan(50);
    }
    for (int i = 0; i < 9; i++) {
      var _ = quotas.take(all, "busy0", EXEC);
    }
    assertThatThrownBy(() -> quotas.take(all, "busy0", EXEC))
        .isInstanceOf(StatusRuntimeException.class);
    kept.forEach(Quotas.Share::release);
  }

  private int allowed(Quota all, String tenant, int tries) {
    int allowed = 0;
    for (int i = 0; i < tries; i++) {
      try {
        var _ = quotas.take(all, tenant, NONE);
        allowed++;
      } catch (StatusRuntimeException e) {
        assertThat(e.getStatus().getCode()).isEqualTo(io.grpc.Status.Code.RESOURCE_EXHAUSTED);
      }
    }
    return allowed;
  }

  private static Quota quota(String tenant, OptionalInt requests, int burst, OptionalInt atOnce) {
    return new Quota(
        new Tenants(Set.of(tenant)),
        requests,
        burst,
        atOnce,
        atOnce,
        TenantQuota.getDefaultInstance());
  }
}
