package dev.caisson.executor.guard;

import dev.caisson.executor.cgroup.InvalidResources;
import dev.caisson.executor.cgroup.Limits;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.model.CpuShares;
import dev.caisson.proto.types.v1.Resources;
import java.util.regex.Pattern;

/** Limits that a cgroup can have and a process can start in. */
public final class ResourceBounds {
  /** What starting a static program needs, with room to spare: less kills it in execve(2). */
  public static final long MIN_MEMORY_BYTES = 2L << 20;

  private static final long UNLIMITED = -1;
  private static final long MIN_QUOTA_MICROS = 1_000;
  private static final long MIN_PERIOD_MICROS = 1_000;
  private static final long MAX_PERIOD_MICROS = 1_000_000;
  private static final long MIN_PIDS = 1;
  private static final int MAX_LIST = 256;

  /** cpuset(7), "List format"; numbers of at most four digits. */
  private static final Pattern LIST =
      Pattern.compile("\\d{1,4}(-\\d{1,4})?(,\\d{1,4}(-\\d{1,4})?)*");

  private ResourceBounds() {}

  /**
   * Checks limits.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if one of them is not possible
   */
  public static void check(String field, Resources resources) {
    checkMemory(field + ".memory", resources.getMemory());
    checkCpu(field + ".cpu", resources.getCpu());
    Bounds.atMost(
        field + ".devices", resources.getDevicesCount(), Bounds.MAX_DEVICE_RULES, "entries");
    if (resources.getPids().hasLimit()) {
      atLeast(field + ".pids.limit", resources.getPids().getLimit(), MIN_PIDS);
    }
    checkMeaning(field, resources);
  }

  /** The rest is whatever has a meaning on any host. */
  private static void checkMeaning(String field, Resources resources) {
    try {
      Limits.check(resources);
    } catch (InvalidResources e) {
      throw e.refusal(field).exception();
    }
  }

  /** The same of a sandbox, whose containers have devices, and not itself. */
  static void checkSandbox(String field, Resources resources) {
    check(field, resources);
    Bounds.check(
        resources.getDevicesCount() == 0,
        field + ".devices",
        "be given for a container",
        resources.getDevicesCount());
  }

  /** Of limits that are put over others: what is absent may be there already. */
  static void checkUpdate(String field, Resources resources) {
    Bounds.check(
        resources.getSerializedSize() > 0, field, "have a limit that is to be changed", "none");
    Bounds.check(
        resources.getDevicesCount() == 0,
        field + ".devices",
        "be absent, since devices are settled when a container is made",
        resources.getDevicesCount());
    Resources.Builder alone = resources.toBuilder();
    Resources.Memory memory = resources.getMemory();
    if (memory.hasSwap() && !memory.hasLimit()) {
      atLeast(field + ".memory.swap", memory.getSwap(), MIN_MEMORY_BYTES);
      alone.getMemoryBuilder().clearSwap();
    }
    check(field, alone.build());
  }

  private static void checkMemory(String field, Resources.Memory memory) {
    if (memory.hasLimit()) {
      atLeast(field + ".limit", memory.getLimit(), MIN_MEMORY_BYTES);
    }
    Bounds.check(
        memory.getReservation() >= -1,
        field + ".reservation",
        "be at least 0, or -1 for none",
        memory.getReservation());
    if (memory.hasSwap()) {
      checkSwap(field, memory);
    }
  }

  private static void checkSwap(String field, Resources.Memory memory) {
    Bounds.check(memory.hasLimit(), field + ".swap", "be given with a limit", memory.getSwap());
    boolean unlimited = memory.getSwap() == UNLIMITED;
    boolean covers = memory.getLimit() != UNLIMITED && memory.getSwap() >= memory.getLimit();
    Bounds.check(
        unlimited || covers,
        field + ".swap",
        "be -1 or not below the limit, which it includes",
        memory.getSwap());
  }

  private static void checkCpu(String field, Resources.Cpu cpu) {
    if (cpu.hasShares()) {
      Bounds.range(field + ".shares", cpu.getShares(), CpuShares.MIN, CpuShares.MAX);
    }
    if (cpu.hasQuota()) {
      atLeast(field + ".quota", cpu.getQuota(), MIN_QUOTA_MICROS);
    }
    if (cpu.hasPeriod()) {
      Bounds.range(field + ".period", cpu.getPeriod(), MIN_PERIOD_MICROS, MAX_PERIOD_MICROS);
    }
    checkList(field + ".cpus", cpu.getCpus());
    checkList(field + ".mems", cpu.getMems());
  }

  private static void checkList(String field, String list) {
    if (!list.isEmpty()) {
      boolean good = list.length() <= MAX_LIST && LIST.matcher(list).matches();
      Bounds.check(good, field, "be a list as in 0-3,7", list);
    }
  }

  private static void atLeast(String field, long value, long least) {
    if (value != UNLIMITED && value < least) {
      throw Refusal.tooLow(field, "be -1 (unlimited) or at least " + least, value).exception();
    }
  }
}
