package dev.caisson.executor.cgroup;

import dev.caisson.proto.types.v1.Resources;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Limits that make sense by themselves, whatever the host is. Absent: not written. Where a number
 * may be {@link #UNLIMITED}, that takes a limit away.
 *
 * @param swap memory and swap together, bytes
 * @param shares as v1 counts them
 * @param quota microseconds in each period
 * @param period microseconds
 */
record Limits(
    OptionalLong memory,
    OptionalLong reservation,
    OptionalLong swap,
    OptionalLong shares,
    OptionalLong quota,
    OptionalLong period,
    Optional<IdList> cpus,
    Optional<IdList> mems,
    OptionalLong pids) {
  static final long UNLIMITED = -1;

  /**
   * What a process needs to be born, set up and executed, kernel memory included: below it the
   * kernel ends it before its program has run, without a word to the caller.
   */
  static final long MIN_MEMORY_BYTES = 2L << 20;

  /**
   * Sources: MIN_SHARES, MAX_SHARES, min_cfs_quota_period, max_cfs_quota_period in kernel/sched/.
   */
  static final long MIN_SHARES = 2;

  static final long MAX_SHARES = 262_144;
  static final long MIN_QUOTA_MICROS = 1_000;
  static final long MIN_PERIOD_MICROS = 1_000;
  static final long MAX_PERIOD_MICROS = 1_000_000;
  static final long DEFAULT_PERIOD_MICROS = 100_000;

  Limits {
    checkMemory(memory, reservation);
    checkSwap(memory, swap);
    checkCpu(shares, quota, period);
    atLeastOrUnlimited("resources.pids.limit", pids, 1);
  }

  static Limits of(Resources resources) {
    Resources.Memory memory = resources.getMemory();
    Resources.Cpu cpu = resources.getCpu();
    Resources.Pids pids = resources.getPids();
    return new Limits(
        given(memory.hasLimit(), memory.getLimit()),
        given(memory.hasReservation(), memory.getReservation()),
        given(memory.hasSwap(), memory.getSwap()),
        given(cpu.hasShares(), cpu.getShares()),
        given(cpu.hasQuota(), cpu.getQuota()),
        given(cpu.hasPeriod(), cpu.getPeriod()),
        list("resources.cpu.cpus", cpu.getCpus()),
        list("resources.cpu.mems", cpu.getMems()),
        given(pids.hasLimit(), pids.getLimit()));
  }

  private static OptionalLong given(boolean present, long value) {
    return present ? OptionalLong.of(value) : OptionalLong.empty();
  }

  private static Optional<IdList> list(String field, String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(IdList.parse(field, text));
  }

  private static void checkMemory(OptionalLong limit, OptionalLong reservation) {
    if (limit.isPresent()
        && limit.getAsLong() != UNLIMITED
        && limit.getAsLong() < MIN_MEMORY_BYTES) {
      String rule =
          "be -1 or at least " + MIN_MEMORY_BYTES + " bytes (what starting a process needs)";
      throw limit.getAsLong() < 0
          ? InvalidResources.invalid("resources.memory.limit", rule, limit.getAsLong())
          : InvalidResources.tooLow("resources.memory.limit", rule, limit.getAsLong());
    }
    atLeastOrUnlimited("resources.memory.reservation", reservation, 0);
    if (bounded(limit) && bounded(reservation) && reservation.getAsLong() > limit.getAsLong()) {
      throw InvalidResources.invalid(
          "resources.memory.reservation",
          "not be above resources.memory.limit (" + limit.getAsLong() + ")",
          reservation.getAsLong());
    }
  }

  private static void checkSwap(OptionalLong limit, OptionalLong swap) {
    if (swap.isEmpty() || swap.getAsLong() == UNLIMITED) {
      return;
    }
    String field = "resources.memory.swap";
    if (!bounded(limit)) {
      throw InvalidResources.invalid(
          field,
          "come with resources.memory.limit, since it is memory and swap together",
          swap.getAsLong());
    }
    if (swap.getAsLong() < limit.getAsLong()) {
      throw InvalidResources.invalid(
          field,
          "be -1 or not below resources.memory.limit ("
              + limit.getAsLong()
              + "), since it is memory and swap together",
          swap.getAsLong());
    }
  }

  private static void checkCpu(OptionalLong shares, OptionalLong quota, OptionalLong period) {
    within("resources.cpu.shares", shares, MIN_SHARES, MAX_SHARES);
    atLeastOrUnlimited("resources.cpu.quota", quota, MIN_QUOTA_MICROS);
    within("resources.cpu.period", period, MIN_PERIOD_MICROS, MAX_PERIOD_MICROS);
  }

  private static void atLeastOrUnlimited(String field, OptionalLong value, long least) {
    if (value.isPresent() && value.getAsLong() != UNLIMITED && value.getAsLong() < least) {
      throw InvalidResources.invalid(field, "be -1 or at least " + least, value.getAsLong());
    }
  }

  private static void within(String field, OptionalLong value, long least, long most) {
    if (value.isPresent() && (value.getAsLong() < least || value.getAsLong() > most)) {
      throw InvalidResources.invalid(
          field, "be from " + least + " to " + most, Long.toUnsignedString(value.getAsLong()));
    }
  }

  static boolean bounded(OptionalLong value) {
    return value.isPresent() && value.getAsLong() != UNLIMITED;
  }
}
