package dev.caisson.executor.cgroup;

import dev.caisson.model.CpuShares;
import dev.caisson.proto.types.v1.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Limits that make sense by themselves, whatever the host is. Absent: not written. Where a number
 * may be {@link #UNLIMITED}, that takes a limit away.
 *
 * @param swap memory and swap together, bytes
 * @param shares as v1 counts them
 * @param quota microseconds in each period, at most {@link #MAX_QUOTA_MICROS}
 * @param period microseconds
 * @param swappiness 0 to 100
 * @param pids tasks, 1 to {@link #MAX_PIDS}
 * @param checkBeforeUpdate whether a limit below what is used is refused
 * @param burst microseconds, with the quota at most {@link #MAX_QUOTA_MICROS}
 * @param realtimeRuntime microseconds in each of its periods
 * @param idle whether it runs when nobody else wants to
 * @param hugepages bytes, unsigned, by the size of a page as the kernel writes it
 * @param classId of packets, unsigned
 * @param priorities of packets, unsigned, by the interface of the host
 * @param rdma what is written after a device's name, by that
 */
public record Limits(
    OptionalLong memory,
    OptionalLong reservation,
    OptionalLong swap,
    OptionalLong shares,
    OptionalLong quota,
    OptionalLong period,
    Optional<IdList> cpus,
    Optional<IdList> mems,
    OptionalLong pids,
    OptionalLong swappiness,
    Optional<Boolean> oomKillerDisabled,
    boolean checkBeforeUpdate,
    OptionalLong burst,
    OptionalLong realtimeRuntime,
    OptionalLong realtimePeriod,
    Optional<Boolean> idle,
    BlockIo blockIo,
    SortedMap<String, Long> hugepages,
    OptionalLong classId,
    SortedMap<String, Long> priorities,
    SortedMap<String, String> rdma,
    Unified unified) {
  static final long UNLIMITED = -1;

  /**
   * What a process needs to be born, set up and executed, kernel memory included: below it the
   * kernel ends it before its program has run, without a word to the caller.
   */
  static final long MIN_MEMORY_BYTES = 2L << 20;

  /** Of the machine, threads included. Sources: PID_MAX_LIMIT in linux/threads.h, PIDS_MAX. */
  static final long MAX_PIDS = 4_194_304;

  /** 203 days of CPU time in a period. Source: max_cfs_runtime in kernel/sched/core.c, MAX_BW. */
  static final long MAX_QUOTA_MICROS = (1L << 44) - 1;

  /** Source: match_int in kernel/cgroup/rdma.c. */
  static final long MAX_RDMA = Integer.MAX_VALUE;

  /** Sources: min_cfs_quota_period, max_cfs_quota_period in kernel/sched/core.c. */
  static final long MIN_QUOTA_MICROS = 1_000;

  static final long MIN_PERIOD_MICROS = 1_000;
  static final long MAX_PERIOD_MICROS = 1_000_000;
  static final long DEFAULT_PERIOD_MICROS = 100_000;
  static final long DEFAULT_REALTIME_PERIOD_MICROS = 1_000_000;
  private static final long MAX_SWAPPINESS = 100;

  private static final int MAX_SIZES = 16;
  private static final int MAX_PRIORITIES = 64;
  private static final int MAX_RDMA_DEVICES = 16;

  /** Sizes are powers of two, each in its largest unit. Source: mem_fmt in mm/hugetlb_cgroup.c. */
  private static final Pattern PAGE_SIZE = Pattern.compile("[1-9]\\d{0,2}[KMG]B");

  /** dev_valid_name in net/core/dev.c: neither a way through a directory nor two words. */
  private static final Pattern INTERFACE = Pattern.compile("(?!\\.{1,2}$)[^\\s/:\\p{Cc}]{1,15}");

  private static final Pattern RDMA_DEVICE = Pattern.compile("(?!\\.{1,2}$)[\\w.-]{1,63}");

  public Limits {
    checkMemory(memory, reservation);
    checkSwap(memory, swap);
    checkCpu(shares, quota, period);
    within("resources.memory.swappiness", swappiness, 0, MAX_SWAPPINESS);
    checkBurst(quota, burst);
    unified.requireBurstWithin(quota.isPresent() ? quota : unified.quota());
    checkRealtime(realtimeRuntime, realtimePeriod);
    if (idle.orElse(false) && shares.isPresent()) {
      throw InvalidResources.invalid(
          "resources.cpu.shares",
          "be absent with resources.cpu.idle 1, which is the least share",
          shares.getAsLong());
    }
    withinOrUnlimited("resources.pids.limit", pids, 1, MAX_PIDS);
  }

  static Limits of(Resources resources) {
    Resources.Memory memory = resources.getMemory();
    Resources.Cpu cpu = resources.getCpu();
    Resources.Pids pids = resources.getPids();
    Limits limits =
        new Limits(
            given(memory.hasLimit(), memory.getLimit()),
            given(memory.hasReservation(), memory.getReservation()),
            given(memory.hasSwap(), memory.getSwap()),
            given(cpu.hasShares(), cpu.getShares()),
            given(cpu.hasQuota(), cpu.getQuota()),
            given(cpu.hasPeriod(), cpu.getPeriod()),
            list("resources.cpu.cpus", cpu.getCpus()),
            list("resources.cpu.mems", cpu.getMems()),
            given(pids.hasLimit(), pids.getLimit()),
            given(memory.hasSwappiness(), Integer.toUnsignedLong(memory.getSwappiness())),
            memory.hasDisableOomKiller()
                ? Optional.of(memory.getDisableOomKiller())
                : Optional.empty(),
            memory.getCheckBeforeUpdate(),
            given(cpu.hasBurst(), cpu.getBurst()),
            given(cpu.hasRealtimeRuntime(), cpu.getRealtimeRuntime()),
            given(cpu.hasRealtimePeriod(), cpu.getRealtimePeriod()),
            idle(cpu),
            BlockIo.of(resources.getBlockIo()),
            hugepages(resources.getHugepageLimitsList()),
            given(
                resources.getNetwork().hasClassId(),
                Integer.toUnsignedLong(resources.getNetwork().getClassId())),
            priorities(resources.getNetwork().getPrioritiesList()),
            rdma(resources.getRdmaMap()),
            Unified.of(resources));
    limits.unified().requireApartFrom(V2Files.settings(limits, V2Files.MAX, (c, f) -> true));
    return limits;
  }

  /**
   * Refuses what has no meaning on any host.
   *
   * @throws InvalidResources if one of them has none
   */
  public static void check(Resources resources) {
    var _ = of(resources);
  }

  /**
   * Files of {@code unified} of which the other fields say the same, and all of it.
   *
   * @return none where one of those has no meaning
   */
  public static Set<String> saidByFields(Resources resources) {
    try {
      Limits limits = of(resources.toBuilder().clearUnified().build());
      return Unified.saidBy(V2Files.settings(limits, V2Files.MAX, (c, f) -> true));
    } catch (InvalidResources _) {
      return Set.of();
    }
  }

  /** What is asked for by a field of its own, or by version 2's own file. */
  OptionalLong anyQuota() {
    return quota.isPresent() ? quota : unified.quota();
  }

  OptionalLong anyBurst() {
    return burst.isPresent() ? burst : unified.burst();
  }

  /**
   * The CPUs or memory nodes that are asked for.
   *
   * @param what {@code cpus} or {@code mems}
   */
  Optional<Ids> ids(String what) {
    Optional<IdList> own = what.equals("cpus") ? cpus : mems;
    return own.map(list -> new Ids("resources.cpu." + what, list))
        .or(() -> unified.ids(what).map(list -> new Ids(Unified.FIELD, list)));
  }

  /**
   * A list.
   *
   * @param field that asks for it
   */
  record Ids(String field, IdList list) {}

  private static Optional<Boolean> idle(Resources.Cpu cpu) {
    within("resources.cpu.idle", given(cpu.hasIdle(), cpu.getIdle()), 0, 1);
    return cpu.hasIdle() ? Optional.of(cpu.getIdle() == 1) : Optional.empty();
  }

  private static SortedMap<String, Long> hugepages(List<Resources.HugepageLimit> given) {
    String field = "resources.hugepage_limits";
    requireAtMost(field, given.size(), MAX_SIZES);
    SortedMap<String, Long> limits = new TreeMap<>();
    for (int i = 0; i < given.size(); i++) {
      String size = given.get(i).getPageSize();
      String at = field + "[" + i + "].page_size";
      requireForm(PAGE_SIZE, at, "be a size as the kernel writes it, 2MB or 1GB", size);
      if (limits.put(size, given.get(i).getLimit()) != null) {
        throw InvalidResources.invalid(at, "be there once", size);
      }
    }
    return limits;
  }

  private static SortedMap<String, Long> priorities(List<Resources.NetworkMarks.Priority> given) {
    String field = "resources.network.priorities";
    requireAtMost(field, given.size(), MAX_PRIORITIES);
    SortedMap<String, Long> priorities = new TreeMap<>();
    for (int i = 0; i < given.size(); i++) {
      String name = given.get(i).getName();
      String at = field + "[" + i + "].name";
      requireForm(INTERFACE, at, "be the name of an interface", name);
      long priority = Integer.toUnsignedLong(given.get(i).getPriority());
      if (priorities.put(name, priority) != null) {
        throw InvalidResources.invalid(at, "be there once", name);
      }
    }
    return priorities;
  }

  private static SortedMap<String, String> rdma(Map<String, Resources.Rdma> given) {
    String field = "resources.rdma";
    requireAtMost(field, given.size(), MAX_RDMA_DEVICES);
    SortedMap<String, String> limits = new TreeMap<>();
    given.forEach((device, limit) -> {
      requireForm(RDMA_DEVICE, field, "name devices, as mlx5_0", device);
      limits.put(device, rdma(device, limit));
    });
    return limits;
  }

  private static String rdma(String device, Resources.Rdma limit) {
    List<String> words = new ArrayList<>();
    if (limit.hasHcaHandles()) {
      words.add("hca_handle=" + rdma(limit.getHcaHandles()));
    }
    if (limit.hasHcaObjects()) {
      words.add("hca_object=" + rdma(limit.getHcaObjects()));
    }
    if (words.isEmpty()) {
      throw InvalidResources.invalid("resources.rdma", "limit handles or objects", device);
    }
    return String.join(" ", words);
  }

  private static long rdma(int count) {
    long unsigned = Integer.toUnsignedLong(count);
    within("resources.rdma", OptionalLong.of(unsigned), 0, MAX_RDMA);
    return unsigned;
  }

  private static void requireAtMost(String field, int count, int most) {
    if (count > most) {
      throw InvalidResources.invalid(field, "have at most " + most + " entries", count);
    }
  }

  private static void requireForm(Pattern form, String field, String rule, String text) {
    if (!form.matcher(text).matches()) {
      throw InvalidResources.invalid(field, rule, text);
    }
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
    withinOrUnlimited("resources.memory.reservation", reservation, 0, Long.MAX_VALUE);
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
    within("resources.cpu.shares", shares, CpuShares.MIN, CpuShares.MAX);
    withinOrUnlimited("resources.cpu.quota", quota, MIN_QUOTA_MICROS, MAX_QUOTA_MICROS);
    within("resources.cpu.period", period, MIN_PERIOD_MICROS, MAX_PERIOD_MICROS);
  }

  private static void checkBurst(OptionalLong quota, OptionalLong burst) {
    if (burst.isEmpty() || burst.getAsLong() == 0) {
      return;
    }
    if (!bounded(quota)) {
      throw InvalidResources.invalid(
          "resources.cpu.burst",
          "come with resources.cpu.quota, of which it is what was left",
          Long.toUnsignedString(burst.getAsLong()));
    }
    within("resources.cpu.burst", burst, 0, mostBurst(quota.getAsLong()));
  }

  /** Source: tg_set_cfs_bandwidth in kernel/sched/core.c. */
  static long mostBurst(long quota) {
    return Math.min(quota, MAX_QUOTA_MICROS - quota);
  }

  private static void checkRealtime(OptionalLong runtime, OptionalLong period) {
    within(
        "resources.cpu.realtime_period", period, MIN_PERIOD_MICROS, DEFAULT_REALTIME_PERIOD_MICROS);
    long most = period.orElse(DEFAULT_REALTIME_PERIOD_MICROS);
    within("resources.cpu.realtime_runtime", runtime, 0, most);
  }

  private static void withinOrUnlimited(String field, OptionalLong value, long least, long most) {
    if (bounded(value) && (value.getAsLong() < least || value.getAsLong() > most)) {
      String range = most == Long.MAX_VALUE ? "at least " + least : "from " + least + " to " + most;
      throw InvalidResources.invalid(field, "be -1 or " + range, value.getAsLong());
    }
  }

  static void within(String field, OptionalLong value, long least, long most) {
    if (value.isPresent() && (value.getAsLong() < least || value.getAsLong() > most)) {
      throw InvalidResources.invalid(
          field, "be from " + least + " to " + most, Long.toUnsignedString(value.getAsLong()));
    }
  }

  static boolean bounded(OptionalLong value) {
    return value.isPresent() && value.getAsLong() != UNLIMITED;
  }
}
