package dev.caisson.executor.cgroup;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * The controllers that are used, in the order in which a process joins their hierarchies. Source:
 * cgroups(7).
 *
 * <p>{@link #CPUACCT} exists in v1 only: in v2 {@code cpu.stat} counts in every cgroup. {@link
 * #NET_CLS} and {@link #NET_PRIO} do, too. {@link #FREEZER} and {@link #DEVICES} are used only
 * where there is no v2 tree, which has better means for both, and one hierarchy less to join.
 */
enum Controller {
  CPU,
  CPUACCT,
  CPUSET,
  MEMORY,
  PIDS,
  IO,
  HUGETLB,
  NET_CLS,
  NET_PRIO,
  RDMA,
  FREEZER,
  DEVICES;

  /** {@link #IO} was {@code blkio} in version 1. */
  String kernelName(boolean unified) {
    return this == IO && !unified ? "blkio" : name().toLowerCase(Locale.ROOT);
  }

  /**
   * Whether version 2 passes it on only to cgroups with such a limit, since few have one: that can
   * be done while processes are in them, and each costs the kernel some twenty files.
   */
  boolean onDemand() {
    return this == HUGETLB || this == RDMA;
  }

  static Optional<Controller> named(String kernelName, boolean unified) {
    return Arrays.stream(values())
        .filter(c -> c.kernelName(unified).equals(kernelName))
        .findFirst();
  }
}
