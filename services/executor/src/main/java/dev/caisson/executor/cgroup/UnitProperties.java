package dev.caisson.executor.cgroup;

import dev.caisson.executor.cgroup.UnitProperty.Count;
import dev.caisson.executor.cgroup.UnitProperty.Flag;
import dev.caisson.executor.cgroup.UnitProperty.Ids;
import dev.caisson.executor.cgroup.UnitProperty.Pids;
import dev.caisson.executor.cgroup.UnitProperty.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * What a scope is, in systemd's words. Limits are in force in our own cgroup below it; those of the
 * scope leave room for the keeper, and are there to be seen, and for systemd to write again.
 */
final class UnitProperties {
  /** Of the keeper. */
  private static final long MORE_MEMORY_BYTES = 1 << 20;

  private static final long MORE_TASKS = 1;

  /** In what systemd counts CPU quotas, in microseconds: finer ones it would round down. */
  private static final long QUOTA_STEP_MICROS = 10_000;

  private static final long STEPS_PER_SECOND = 100;

  private UnitProperties() {}

  /** Of a new one. systemd's own limit of tasks would be below that of a host without it. */
  static List<UnitProperty> ofScope(ScopeName name, int keeper) {
    return List.of(
        new UnitProperty("Slice", new Text(name.slice())),
        new UnitProperty("Description", new Text("Caisson sandbox " + name.unit())),
        new UnitProperty("PIDs", new Pids(List.of(keeper))),
        flag("Delegate", true),
        flag("DefaultDependencies", false),
        flag("CPUAccounting", true),
        flag("MemoryAccounting", true),
        flag("TasksAccounting", true),
        flag("IOAccounting", true),
        count("TasksMax", UnitProperty.INFINITY));
  }

  /**
   * Of one with limits.
   *
   * @param files what the kernel says that the limits are, by the name of the file
   */
  static List<UnitProperty> ofLimits(Function<String, Optional<String>> files) {
    List<UnitProperty> all = new ArrayList<>();
    files.apply("cpu.weight").ifPresent(text -> all.add(count("CPUWeight", number(text))));
    files.apply(V2Files.CPU_MAX).ifPresent(text -> all.addAll(quota(text.split(" ", -1))));
    ids(files, "cpuset.cpus", "AllowedCPUs").ifPresent(all::add);
    ids(files, "cpuset.mems", "AllowedMemoryNodes").ifPresent(all::add);
    wider(files, "memory.max", "MemoryMax", MORE_MEMORY_BYTES).ifPresent(all::add);
    wider(files, "memory.low", "MemoryLow", 0).ifPresent(all::add);
    wider(files, "memory.swap.max", "MemorySwapMax", 0).ifPresent(all::add);
    wider(files, "pids.max", "TasksMax", MORE_TASKS).ifPresent(all::add);
    return all;
  }

  private static List<UnitProperty> quota(String[] quotaAndPeriod) {
    long period = number(quotaAndPeriod[1]);
    return List.of(
        count("CPUQuotaPeriodUSec", period),
        count("CPUQuotaPerSecUSec", perSecond(number(quotaAndPeriod[0]), period)));
  }

  private static long perSecond(long quota, long period) {
    if (quota == UnitProperty.INFINITY) {
      return quota;
    }
    return Math.ceilDiv(quota * STEPS_PER_SECOND, period) * QUOTA_STEP_MICROS;
  }

  private static Optional<UnitProperty> ids(
      Function<String, Optional<String>> files, String file, String name) {
    return files
        .apply(file)
        .filter(text -> !text.isEmpty())
        .map(text -> new UnitProperty(name, new Ids(IdList.ofKernel(text).ids())));
  }

  private static Optional<UnitProperty> wider(
      Function<String, Optional<String>> files, String file, String name, long more) {
    UnaryOperator<Long> widen = value -> value == UnitProperty.INFINITY ? value : value + more;
    return files.apply(file).map(UnitProperties::number).map(widen).map(v -> count(name, v));
  }

  private static long number(String text) {
    return text.equals(V2Files.MAX) ? UnitProperty.INFINITY : Long.parseLong(text);
  }

  private static UnitProperty flag(String name, boolean set) {
    return new UnitProperty(name, new Flag(set));
  }

  private static UnitProperty count(String name, long number) {
    return new UnitProperty(name, new Count(number));
  }
}
