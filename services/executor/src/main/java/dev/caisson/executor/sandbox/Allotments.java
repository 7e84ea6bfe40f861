package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Allotted;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.TenantQuota;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * What each tenant has: its sandboxes and containers from the moment their ids are taken, and what
 * their limits let them use. It is held against the tenant's quota and changed in one step, so that
 * any number of calls at once get no more than one after the other would.
 *
 * <p>Thread-safe.
 */
final class Allotments {
  private static final TenantQuota NO_QUOTA = TenantQuota.getDefaultInstance();

  private final Map<String, Tenant> tenants = new HashMap<>();

  /** Guarded by the allotments. */
  private static final class Tenant {
    final Map<String, Share> shares = new HashMap<>();
    Sum total = Sum.NONE;
  }

  /**
   * A sandbox's.
   *
   * @param own empty: only containers are there, of a sandbox that is being made or has gone
   */
  private record Share(Optional<Allotted> own, Map<String, Allotted> containers) {
    static final Share EMPTY = new Share(Optional.empty(), Map.of());

    Share {
      containers = Map.copyOf(containers);
    }

    boolean isEmpty() {
      return own.isEmpty() && containers.isEmpty();
    }

    Share withOwn(Allotted limits) {
      return new Share(Optional.of(limits), containers);
    }

    Share withContainer(String id, Allotted limits) {
      Map<String, Allotted> all = new HashMap<>(containers);
      all.put(id, limits);
      return new Share(own, all);
    }

    Share withoutOwn() {
      return new Share(Optional.empty(), containers);
    }

    Share withoutContainer(String id) {
      Map<String, Allotted> all = new HashMap<>(containers);
      all.remove(id);
      return new Share(own, all);
    }

    Sum sum() {
      Amount memory = amount(Allotted::memoryBytes);
      Amount cpu = amount(Allotted::cpuMillis);
      return new Sum(own.isPresent() ? 1 : 0, containers.size(), memory, cpu);
    }

    /** The sandbox's own limit is around those of its containers. */
    private Amount amount(Function<Allotted, OptionalLong> what) {
      OptionalLong around = own.map(what).orElseGet(OptionalLong::empty);
      return around.isPresent()
          ? new Amount(around.getAsLong(), 0)
          : Amount.of(containers.values().stream().map(what).toList());
    }
  }

  /**
   * Of one kind.
   *
   * @param unlimited how many have no limit
   */
  private record Amount(long limited, long unlimited) {
    static final Amount NONE = new Amount(0, 0);

    static Amount of(Collection<OptionalLong> limits) {
      return new Amount(
          limits.stream().mapToLong(limit -> limit.orElse(0)).sum(),
          limits.stream().filter(OptionalLong::isEmpty).count());
    }

    Amount plus(Amount other, int sign) {
      return new Amount(limited + sign * other.limited, unlimited + sign * other.unlimited);
    }
  }

  private record Sum(long sandboxes, long containers, Amount memory, Amount cpu) {
    static final Sum NONE = new Sum(0, 0, Amount.NONE, Amount.NONE);

    Sum plus(Sum other, int sign) {
      return new Sum(
          sandboxes + sign * other.sandboxes,
          containers + sign * other.containers,
          memory.plus(other.memory, sign),
          cpu.plus(other.cpu, sign));
    }
  }

  /**
   * Takes what a sandbox needs, and the container that it is made for.
   *
   * @param root that container's limits; its id is the sandbox's
   * @throws RefusedException (QUOTA_EXCEEDED, LIMIT_REQUIRED) and then nothing is taken
   */
  synchronized void takeSandbox(
      String tenant, String id, Allotted limits, Optional<Allotted> root, TenantQuota quota) {
    change(
        tenant,
        id,
        share -> {
          Share taken = share.withOwn(limits);
          return root.map(of -> taken.withContainer(id, of)).orElse(taken);
        },
        quota);
  }

  /** Takes what a container needs, in a sandbox; that it has already counts as given back. */
  synchronized void takeContainer(
      String tenant, String sandbox, String id, Allotted limits, TenantQuota quota) {
    change(tenant, sandbox, share -> share.withContainer(id, limits), quota);
  }

  /** Other limits of a sandbox that has its share already. */
  synchronized void changeSandbox(String tenant, String id, Allotted limits, TenantQuota quota) {
    change(tenant, id, share -> share.withOwn(limits), quota);
  }

  /** Without effect where it has none. */
  synchronized void leaveSandbox(String tenant, String id) {
    change(tenant, id, Share::withoutOwn, NO_QUOTA);
  }

  /** Without effect where it has none. */
  synchronized void leaveContainer(String tenant, String sandbox, String id) {
    change(tenant, sandbox, share -> share.withoutContainer(id), NO_QUOTA);
  }

  /** Tenants that have something. */
  synchronized int size() {
    return tenants.size();
  }

  private void change(
      String tenant, String sandbox, Function<Share, Share> change, TenantQuota quota) {
    Tenant owner = tenants.computeIfAbsent(tenant, name -> new Tenant());
    Share before = owner.shares.getOrDefault(sandbox, Share.EMPTY);
    Share after = change.apply(before);
    try {
      Sum total = owner.total.plus(before.sum(), -1).plus(after.sum(), 1);
      new Check(tenant, quota).require(owner.total, total);
      owner.total = total;
      if (after.isEmpty()) {
        owner.shares.remove(sandbox);
      } else {
        owner.shares.put(sandbox, after);
      }
    } finally {
      if (owner.shares.isEmpty()) {
        tenants.remove(tenant);
      }
    }
  }

  /** Only what becomes more is refused: what is there stays, and can be lowered. */
  private record Check(String tenant, TenantQuota quota) {
    void require(Sum before, Sum after) {
      if (quota.hasSandboxes()) {
        within("sandboxes", "sandboxes", quota.getSandboxes(), before.sandboxes, after.sandboxes);
      }
      if (quota.hasContainers()) {
        within(
            "containers", "containers", quota.getContainers(), before.containers, after.containers);
      }
      if (quota.hasMemoryBytes()) {
        limited("memory.limit", before.memory, after.memory);
        within(
            "memory",
            "bytes of memory by limits",
            quota.getMemoryBytes(),
            before.memory.limited,
            after.memory.limited);
      }
      if (quota.hasCpuMillis()) {
        limited("cpu.quota", before.cpu, after.cpu);
        within(
            "cpu",
            "thousandths of a CPU by limits",
            quota.getCpuMillis(),
            before.cpu.limited,
            after.cpu.limited);
      }
    }

    private void limited(String field, Amount before, Amount after) {
      if (after.unlimited > before.unlimited) {
        throw new Refusal(
                Reason.LIMIT_REQUIRED,
                "tenants/"
                    + tenant
                    + " has a quota of this: set resources."
                    + field
                    + " of the container, or of its sandbox.",
                Map.of("field", "resources." + field))
            .exception();
      }
    }

    private void within(String name, String words, long most, long before, long after) {
      if (after > before && Long.compareUnsigned(after, most) > 0) {
        throw exceeded(name, words, most, before, after);
      }
    }

    private RefusedException exceeded(
        String name, String words, long most, long before, long after) {
      String bound = Long.toUnsignedString(most);
      return new Refusal(
              Reason.QUOTA_EXCEEDED,
              "tenants/%s may have %s %s on this node, has %d and would have %d: delete something or lower a limit first, or ask an operator for more."
                  .formatted(tenant, bound, words, before, after),
              Map.of("tenant", tenant, "quota", name, "limit", bound))
          .exception();
    }
  }
}
