package dev.caisson.executor.cgroup;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * The controllers that are used, in the order in which a process joins their hierarchies. Source:
 * cgroups(7).
 *
 * <p>{@link #CPUACCT} exists in v1 only: in v2 {@code cpu.stat} counts in every cgroup. {@link
 * #FREEZER} and {@link #DEVICES} are used only where there is no v2 tree, which has better means
 * for both, and one hierarchy less to join.
 */
enum Controller {
  CPU,
  CPUACCT,
  CPUSET,
  MEMORY,
  PIDS,
  FREEZER,
  DEVICES;

  String kernelName() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Optional<Controller> named(String kernelName) {
    return Arrays.stream(values()).filter(c -> c.kernelName().equals(kernelName)).findFirst();
  }
}
