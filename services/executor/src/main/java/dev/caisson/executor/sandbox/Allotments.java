package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Allotted;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.executor.v1.TenantQuota;
import java.util.HashMap;
import java.util.List;
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
   * A sandbox's. Limits that are being changed are those before and those after: as long as it is
   * not known which hold, more of the two counts.
   *
   * @param own none: only containers are there, of a sandbox that has gone
   * @param made whether it was made for a container, of the same id
   */
  private record Share(List<Allotted> own, boolean made, Map<String, List<Allotted>> containers) {
    static final Share EMPTY = new Share(List.of(), false, Map.of());

    Share {
      containers = Map.copyOf(containers);
    }

    boolean isEmpty() {
      return own.isEmpty() && containers.isEmpty();
    }

    Share withOwn(List<Allotted> limits) {
      return new Share(limits, made, containers);
    }

    Share madeForContainer() {
      return new Share(own, true, containers);
    }

    Share withContainer(String id, List<Allotted> limits) {
      Map<String, List<Allotted>> all = new HashMap<>(containers);
      all.put(id, limits);
      return new Share(own, made, all);
    }

    /** With the container that it was made for: its limits were around that one's. */
    Share without(String id) {
      Share left = made ? withoutContainer(id) : this;
      return new Share(List.of(), false, left.containers);
    }

    Share withoutContainer(String id) {
      Map<String, List<Allotted>> all = new HashMap<>(containers);
      all.remove(id);
      return new Share(own, made, all);
    }

    Sum sum(String id) {
      return new Sum(own.isEmpty() ? 0 : 1, containers.size(), memory(id), cpu());
    }

    /** Memory can outlive the container that filled it: what others share has one around them. */
    private Amount memory(String id) {
      Amount inside = Amount.NONE;
      for (Map.Entry<String, List<Allotted>> container : containers.entrySet()) {
        boolean alone = made && container.getKey().equals(id);
        inside =
            inside.plus(
                alone ? most(container.getValue(), Allotted::memoryBytes) : Amount.UNLIMITED, 1);
      }
      return around(Allotted::memoryBytes, inside);
    }

    private Amount cpu() {
      Amount inside = Amount.NONE;
      for (List<Allotted> limits : containers.values()) {
        inside = inside.plus(most(limits, Allotted::cpuMillis), 1);
      }
      return around(Allotted::cpuMillis, inside);
    }

    /** The sandbox's own limit is around those of its containers. */
    private Amount around(Function<Allotted, OptionalLong> what, Amount inside) {
      return own.isEmpty()
          ? inside
          : own.stream()
              .map(what)
              .map(limit -> limit.isPresent() ? Amount.of(limit) : inside)
              .reduce(Amount.NONE, Amount::or);
    }

    private static Amount most(List<Allotted> limits, Function<Allotted, OptionalLong> what) {
      return limits.stream().map(what).map(Amount::of).reduce(Amount.NONE, Amount::or);
    }
  }

  /**
   * Of one kind.
   *
   * @param unlimited how many have no limit
   */
  private record Amount(long limited, long unlimited) {
    static final Amount NONE = new Amount(0, 0);
    static final Amount UNLIMITED = new Amount(0, 1);

    static Amount of(OptionalLong limit) {
      return limit.isPresent() ? new Amount(limit.getAsLong(), 0) : UNLIMITED;
    }

    Amount or(Amount other) {
      return new Amount(Math.max(limited, other.limited), Math.max(unlimited, other.unlimited));
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
          Share taken = share.withOwn(List.of(limits));
          return root.map(of -> taken.madeForContainer().withContainer(id, List.of(of)))
              .orElse(taken);
        },
        quota);
  }

  /** Takes what a container needs, in a sandbox; what it has already is given back for that. */
  void takeContainer(String tenant, String sandbox, String id, Allotted limits, TenantQuota quota) {
    takeContainer(tenant, sandbox, id, List.of(limits), quota);
  }

  /**
   * The same while limits are being changed.
   *
   * @param limits one or the other
   */
  synchronized void takeContainer(
      String tenant, String sandbox, String id, List<Allotted> limits, TenantQuota quota) {
    change(tenant, sandbox, share -> share.withContainer(id, limits), quota);
  }

  /**
   * Other limits of a sandbox that has its share already.
   *
   * @param limits one or the other
   */
  synchronized void changeSandbox(
      String tenant, String id, List<Allotted> limits, TenantQuota quota) {
    change(tenant, id, share -> share.withOwn(limits), quota);
  }

  /** Without effect where it has none. */
  synchronized void leaveSandbox(String tenant, String id) {
    change(tenant, id, share -> share.without(id), NO_QUOTA);
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
      Sum total = owner.total.plus(before.sum(sandbox), -1).plus(after.sum(sandbox), 1);
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
        limited(
            "memory.limit",
            "the sandbox, or of the container that has one for itself",
            before.memory,
            after.memory);
        within(
            "memory",
            "bytes of memory by limits",
            quota.getMemoryBytes(),
            before.memory.limited,
            after.memory.limited);
      }
      if (quota.hasCpuMillis()) {
        limited("cpu.quota", "the container, or of its sandbox", before.cpu, after.cpu);
        within(
            "cpu",
            "thousandths of a CPU by limits",
            quota.getCpuMillis(),
            before.cpu.limited,
            after.cpu.limited);
      }
    }

    private void limited(String field, String whose, Amount before, Amount after) {
      if (after.unlimited > before.unlimited) {
        throw new Refusal(
                Reason.LIMIT_REQUIRED,
                "tenants/%s has a quota of this: set resources.%s of %s."
                    .formatted(tenant, field, whose),
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
