package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Which files limits become on this host, and whether the host and the parent cgroup allow them.
 * Changes nothing.
 */
final class LimitsOnHost {
  private final Hierarchies hierarchies;
  private final ControlFiles files;
  private final boolean delegated;

  /**
   * @param delegated whether a new cgroup goes without the limits for which nobody has delegated a
   *     controller; otherwise those are refused
   */
  LimitsOnHost(Hierarchies hierarchies, ControlFiles files, boolean delegated) {
    this.hierarchies = hierarchies;
    this.files = files;
    this.delegated = delegated;
  }

  /** In the order of writing. */
  List<Setting> settings(Limits limits, String quotaNow) {
    List<Setting> all = new ArrayList<>();
    V1Files.settings(limits).stream().filter(s -> isIn(s, false)).forEach(all::add);
    V2Files.settings(limits, quotaNow).stream().filter(s -> isIn(s, true)).forEach(all::add);
    return all;
  }

  private boolean isIn(Setting setting, boolean unified) {
    return hierarchies.of(setting.controller()).filter(h -> h.unified() == unified).isPresent();
  }

  /**
   * Refuses what a new cgroup cannot have.
   *
   * @param parent of the cgroup that is to have the limits
   */
  void check(String parent, Limits limits) {
    if (!delegated) {
      requireControllers(parent, limits);
    }
    requirePossible(parent, limits);
  }

  /** Refuses what cannot be changed: who asks for that does not mean "as far as it goes". */
  void checkChange(String parent, Limits limits) {
    requireControllers(parent, limits);
    requirePossible(parent, limits);
  }

  /** Those that {@link #check} lets pass and nothing puts in force. */
  List<Setting> unenforced(Limits limits) {
    return V1Files.settings(limits).stream()
        .filter(setting -> hierarchies.of(setting.controller()).isEmpty())
        .toList();
  }

  private void requireControllers(String parent, Limits limits) {
    for (Setting setting : V1Files.settings(limits)) {
      requireController(parent, setting);
    }
  }

  private void requirePossible(String parent, Limits limits) {
    requireSwapAccounting(limits);
    requireSubset(parent, "cpus", limits.cpus());
    requireSubset(parent, "mems", limits.mems());
    requireQuotaWithin(parent, limits);
  }

  private void requireController(String parent, Setting setting) {
    String name = setting.controller().kernelName();
    Hierarchy hierarchy =
        hierarchies
            .of(setting.controller())
            .orElseThrow(() -> missing(setting, "this host has no cgroup controller " + name));
    if (hierarchy.unified()
        && !Hierarchies.available(hierarchy.directory(parent), files)
            .contains(setting.controller())) {
      throw missing(setting, "cgroup controller " + name + " is not delegated to " + parent);
    }
  }

  private static InvalidResources missing(Setting setting, String what) {
    return InvalidResources.unsupported(setting.field(), what, setting.value());
  }

  /** The file is missing where the kernel does not count swap, and in v2's root always. */
  private void requireSwapAccounting(Limits limits) {
    Optional<Hierarchy> v1 = hierarchies.of(Controller.MEMORY).filter(h -> !h.unified());
    if (limits.swap().isPresent()
        && v1.isPresent()
        && !files.exists(v1.get().mount().resolve(V1Files.SWAP))) {
      throw InvalidResources.unsupported(
          "resources.memory.swap", "this kernel does not count swap", limits.swap().getAsLong());
    }
  }

  private void requireSubset(String parent, String what, Optional<IdList> asked) {
    Optional<Hierarchy> cpusets = hierarchies.of(Controller.CPUSET);
    if (asked.isEmpty() || cpusets.isEmpty()) {
      return;
    }
    Hierarchy hierarchy = cpusets.get();
    String file =
        hierarchy.unified() ? "cpuset." + what + ".effective" : "cpuset.effective_" + what;
    IdList possible = IdList.ofKernel(readOrEmpty(hierarchy, parent, file));
    if (!possible.contains(asked.get())) {
      throw InvalidResources.invalid(
          "resources.cpu." + what,
          "be within the parent cgroup's (" + possible.text() + ")",
          asked.get().text());
    }
  }

  /** v1 refuses a share of CPU time above that of an ancestor; v2 takes the lowest by itself. */
  private void requireQuotaWithin(String parent, Limits limits) {
    Optional<Hierarchy> v1 = hierarchies.of(Controller.CPU).filter(h -> !h.unified());
    if (v1.isEmpty() || !Limits.bounded(limits.quota())) {
      return;
    }
    double asked =
        share(limits.quota().getAsLong(), limits.period().orElse(Limits.DEFAULT_PERIOD_MICROS));
    for (String path = parent; !path.equals("/"); path = CgroupPath.parent(path)) {
      requireShare(v1.get(), path, asked, limits.quota().getAsLong());
    }
  }

  private void requireShare(Hierarchy hierarchy, String path, double asked, long quota) {
    OptionalLong limit = FlatKeyed.number(readOrEmpty(hierarchy, path, V1Files.QUOTA));
    if (limit.isEmpty()) {
      return; // -1: this one has none
    }
    OptionalLong period = FlatKeyed.number(readOrEmpty(hierarchy, path, V1Files.PERIOD));
    if (period.isPresent() && asked > share(limit.getAsLong(), period.getAsLong())) {
      throw InvalidResources.invalid(
          "resources.cpu.quota",
          "not be a larger part of its period than that of "
              + path
              + " ("
              + limit.getAsLong()
              + " of "
              + period.getAsLong()
              + ")",
          quota);
    }
  }

  private static double share(long quota, long period) {
    return (double) quota / period;
  }

  private String readOrEmpty(Hierarchy hierarchy, String path, String file) {
    try {
      return files.read(hierarchy.directory(path).resolve(file));
    } catch (LinuxException _) {
      return "";
    }
  }
}
