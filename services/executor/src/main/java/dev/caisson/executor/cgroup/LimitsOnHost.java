package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Which files limits become on this host, and whether the host and the parent cgroup allow them.
 * Changes nothing.
 */
final class LimitsOnHost {
  /** Files that every kernel has: they are not looked for each time. */
  private static final Set<String> ALWAYS =
      Set.of(
          V1Files.MEMORY,
          V1Files.SWAP,
          "memory.soft_limit_in_bytes",
          V1Files.SHARES,
          V1Files.QUOTA,
          V1Files.PERIOD,
          "cpuset.cpus",
          "cpuset.mems",
          "pids.max",
          "memory.max",
          V2Files.SWAP,
          "memory.low",
          V2Files.WEIGHT,
          V2Files.CPU_MAX);

  private final Hierarchies hierarchies;
  private final ControlFiles files;
  private final boolean delegated;
  private final RealtimeTime realtime;

  /**
   * @param delegated whether a new cgroup goes without the limits for which nobody has delegated a
   *     controller; otherwise those are refused
   */
  LimitsOnHost(Hierarchies hierarchies, ControlFiles files, boolean delegated) {
    this.hierarchies = hierarchies;
    this.files = files;
    this.delegated = delegated;
    this.realtime = new RealtimeTime(hierarchies, files);
  }

  /**
   * In the order of writing: what goes by the file's own name is last.
   *
   * @param path of the cgroup whose files they are
   */
  List<Setting> settings(Limits limits, String quotaNow, String path) {
    BiPredicate<Controller, String> has = (controller, file) -> has(controller, file, path);
    List<Setting> all = new ArrayList<>();
    V1Files.settings(limits, has).stream().filter(s -> isIn(s, false)).forEach(all::add);
    V2Files.settings(limits, quotaNow, has).stream().filter(s -> isIn(s, true)).forEach(all::add);
    limits.unified().settings().stream().filter(s -> isIn(s, true)).forEach(all::add);
    return all;
  }

  private boolean isIn(Setting setting, boolean unified) {
    return hierarchies.of(setting.controller()).filter(h -> h.unified() == unified).isPresent();
  }

  /** The root of a tree lacks files that all others have: nothing is known there. */
  private boolean has(Controller controller, String file, String path) {
    Optional<Hierarchy> hierarchy = hierarchies.of(controller);
    return hierarchy.isPresent()
        && (path.equals("/") || files.exists(hierarchy.get().directory(path).resolve(file)));
  }

  /** Those that only version 2 passes on when they are needed. */
  Set<Controller> onDemand(Limits limits) {
    return asked(limits).stream()
        .map(Setting::controller)
        .filter(Controller::onDemand)
        .filter(c -> hierarchies.of(c).filter(Hierarchy::unified).isPresent())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** One for each thing that is asked for, whatever the host has. */
  static List<Setting> asked(Limits limits) {
    List<Setting> asked = new ArrayList<>(V1Files.settings(limits, (controller, file) -> false));
    asked.addAll(limits.unified().settings());
    return asked;
  }

  /**
   * Refuses what no new cgroup there can have.
   *
   * @param parent that may be yet to be made: it will have what the nearest above it has
   */
  void require(String parent, Limits limits) {
    if (asked(limits).isEmpty()) {
      return;
    }
    String nearest = nearest(parent);
    if (!nearest.equals(parent)) {
      realtime.requireNone(parent, limits);
    }
    check(nearest, nearest, limits);
  }

  /**
   * The same of one in a cgroup that is made for it.
   *
   * @param around what that is to have
   */
  void require(String parent, Limits around, Limits limits) {
    require(parent, limits);
    requireIdsWithin(around, limits, "cpus");
    requireIdsWithin(around, limits, "mems");
    if (hierarchies.of(Controller.CPU).filter(h -> !h.unified()).isPresent()) {
      requireQuotaWithin(around, limits);
      realtime.requireWithin(around, limits);
    }
  }

  private String nearest(String path) {
    boolean there =
        path.equals("/")
            || hierarchies.all().stream().allMatch(h -> files.exists(h.directory(path)));
    return there ? path : nearest(CgroupPath.parent(path));
  }

  private static void requireIdsWithin(Limits around, Limits limits, String what) {
    Optional<Limits.Ids> possible = around.ids(what);
    Optional<Limits.Ids> asked = limits.ids(what);
    if (possible.isPresent() && asked.isPresent()) {
      requireIdsWithin(possible.get().list(), asked.get(), "the sandbox's");
    }
  }

  private static void requireIdsWithin(IdList possible, Limits.Ids asked, String whose) {
    if (!possible.contains(asked.list())) {
      throw InvalidResources.invalid(
          asked.field(), "be within " + whose + " (" + possible.text() + ")", asked.list().text());
    }
  }

  private static void requireQuotaWithin(Limits around, Limits limits) {
    if (Limits.bounded(limits.quota()) && Limits.bounded(around.quota())) {
      long most = around.quota().getAsLong();
      requireShare("the sandbox", OptionalLong.of(most), periodOf(around), limits);
    }
  }

  private static long periodOf(Limits limits) {
    return limits.period().orElse(Limits.DEFAULT_PERIOD_MICROS);
  }

  /**
   * Refuses what a new cgroup cannot have.
   *
   * @param path of the cgroup that is to have the limits
   */
  void check(String path, Limits limits) {
    check(CgroupPath.parent(path), path, limits);
  }

  private void check(String parent, String path, Limits limits) {
    if (!delegated) {
      requireControllers(parent, limits);
    }
    requirePossible(parent, path, limits);
  }

  /** Refuses what cannot be changed: who asks for that does not mean "as far as it goes". */
  void checkChange(String path, Limits limits) {
    String parent = CgroupPath.parent(path);
    requireControllers(parent, limits);
    requirePossible(parent, path, limits);
    realtime.requireForThoseIn(path, limits);
    requireQuotaForThoseBelow(path, limits);
    requireListForThoseBelow(path, "cpus", limits.cpus());
    requireListForThoseBelow(path, "mems", limits.mems());
  }

  /** Those that {@link #check} lets pass and nothing puts in force. */
  List<Setting> unenforced(Limits limits) {
    return asked(limits).stream()
        .filter(setting -> hierarchies.of(setting.controller()).isEmpty())
        .toList();
  }

  private void requireControllers(String parent, Limits limits) {
    for (Setting setting : asked(limits)) {
      requireController(parent, setting);
    }
  }

  private void requirePossible(String parent, String path, Limits limits) {
    requireHost(limits);
    requireFiles(parent, limits);
    requireWeighed(parent, limits);
    realtime.requireLeft(parent, path, limits);
    requireSwapAccounting(limits);
    limits.ids("cpus").ifPresent(asked -> requireSubset(parent, "cpus", asked));
    limits.ids("mems").ifPresent(asked -> requireSubset(parent, "mems", asked));
    requireQuotaWithin(parent, limits);
  }

  private String name(Setting setting) {
    return setting.controller().kernelName(hierarchies.mode() == CgroupMode.V2);
  }

  private Hierarchy hierarchy(Setting setting) {
    return hierarchies
        .of(setting.controller())
        .orElseThrow(() -> missing(setting, "this host has no cgroup controller " + name(setting)));
  }

  private void requireController(String parent, Setting setting) {
    String name = name(setting);
    Hierarchy hierarchy = hierarchy(setting);
    if (hierarchy.unified()
        && !setting.controller().onDemand()
        && !Hierarchies.available(hierarchy.directory(parent), files)
            .contains(setting.controller())) {
      throw missing(setting, "cgroup controller " + name + " is not delegated to " + parent);
    }
  }

  private void requireHost(Limits limits) {
    V2Files.lacking(limits).stream()
        .filter(setting -> isIn(setting, true))
        .findFirst()
        .ifPresent(setting -> {
          throw missing(setting, "version 2 of cgroups, which this host has, has no such limit");
        });
    limits.unified().settings().stream()
        .filter(setting -> isIn(setting, false))
        .findFirst()
        .ifPresent(setting -> {
          throw missing(
              setting,
              "version 1 of cgroups has the controller of " + setting.file() + " on this host");
        });
    limits.blockIo().devices().forEach(this::requireDisk);
    limits.blockIo().throttles().forEach(this::requireRate);
    limits.unified().disks().forEach(this::requireDisk);
    requirePageSizes("resources.hugepage_limits", limits.hugepages().keySet());
    requirePageSizes(Unified.FIELD, limits.unified().pageSizes());
    limits
        .priorities()
        .keySet()
        .forEach(name ->
            requireThere("/sys/class/net/", name, "resources.network.priorities", "interfaces"));
    requireRdma("resources.rdma", limits.rdma().keySet());
    requireRdma(Unified.FIELD, limits.unified().rdmaDevices());
  }

  /** Version 2: as of {@code io.max} by its own name. */
  private void requireRate(BlockIo.Throttle throttle) {
    boolean unified = hierarchies.of(Controller.IO).filter(Hierarchy::unified).isPresent();
    if (unified && throttle.rate() == 1) {
      throw InvalidResources.invalid(
          throttle.device().field() + ".rate",
          "be 0 or at least 2, as version 2 of cgroups has it",
          throttle.rate());
    }
  }

  private void requireDisk(BlockIo.Device device) {
    Path sysfs = Path.of("/sys/dev/block").resolve(device.text());
    if (!files.exists(sysfs)) {
      throw InvalidResources.invalid(
          device.field(), "name a block device of this host", device.text());
    }
    if (files.exists(sysfs.resolve("partition"))) {
      throw InvalidResources.invalid(
          device.field(), "name the whole disk, not a partition", device.text());
    }
  }

  private void requirePageSizes(String field, Set<String> sizes) {
    for (String size : sizes) {
      int unit = size.length() - "MB".length();
      long kilobytes =
          Long.parseLong(size.substring(0, unit)) << (10 * "KMG".indexOf(size.charAt(unit)));
      if (!files.exists(Path.of("/sys/kernel/mm/hugepages/hugepages-" + kilobytes + "kB"))) {
        throw InvalidResources.invalid(field, "have page sizes of this host", size);
      }
    }
  }

  private void requireRdma(String field, Set<String> devices) {
    devices.forEach(name -> requireThere("/sys/class/infiniband/", name, field, "RDMA devices"));
  }

  private void requireThere(String directory, String name, String field, String what) {
    if (!files.exists(Path.of(directory + name))) {
      throw InvalidResources.invalid(field, "name " + what + " of this host", name);
    }
  }

  /** Not every kernel has every file. Those of a controller on demand come with it. */
  private void requireFiles(String parent, Limits limits) {
    settings(limits, V2Files.MAX, parent).stream()
        .filter(setting -> !ALWAYS.contains(setting.file()))
        .filter(setting -> !setting.controller().onDemand())
        .filter(setting -> !has(setting.controller(), setting.file(), parent))
        .findFirst()
        .ifPresent(setting -> {
          throw missing(setting, "this kernel has no " + setting.file());
        });
  }

  /** The kernel takes a disk's weight only while something there weighs. */
  private void requireWeighed(String parent, Limits limits) {
    settings(limits, V2Files.MAX, parent).stream()
        .filter(setting -> setting.file().contains("weight") && setting.value().contains(":"))
        .forEach(this::requireWeighed);
  }

  private void requireWeighed(Setting setting) {
    String disk = setting.value().substring(0, setting.value().indexOf(' '));
    if (setting.file().equals(V2Files.DISK_WEIGHT)) {
      Path costs = hierarchy(setting).mount().resolve("io.cost.qos");
      require(
          costs,
          there -> there.lines().anyMatch(line -> line.startsWith(disk + " ")),
          setting,
          "io.cost does not run on it: write '" + disk + " enable=1'");
    } else if (setting.file().contains("bfq")) {
      Path scheduler = Path.of("/sys/dev/block", disk, "queue/scheduler");
      require(
          scheduler,
          there -> there.contains("[bfq]"),
          setting,
          "BFQ does not schedule it: write bfq");
    }
  }

  /** Where there is no such file, the kernel says it when the weight is written. */
  private void require(Path file, Predicate<String> holds, Setting setting, String otherwise) {
    String there;
    try {
      there = files.read(file);
    } catch (LinuxException _) {
      return;
    }
    if (!holds.test(there)) {
      throw missing(setting, otherwise + " to " + file);
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

  private void requireSubset(String parent, String what, Limits.Ids asked) {
    Optional<Hierarchy> cpusets = hierarchies.of(Controller.CPUSET);
    if (cpusets.isPresent()) {
      requireIdsWithin(possible(cpusets.get(), parent, what), asked, "the parent cgroup's");
    }
  }

  private IdList possible(Hierarchy hierarchy, String path, String what) {
    String file =
        hierarchy.unified() ? "cpuset." + what + ".effective" : "cpuset.effective_" + what;
    return IdList.ofKernel(readOrEmpty(hierarchy, path, file));
  }

  /** v1 refuses a share of CPU time above that of an ancestor; v2 takes the lowest by itself. */
  private void requireQuotaWithin(String parent, Limits limits) {
    Optional<Hierarchy> v1 = hierarchies.of(Controller.CPU).filter(h -> !h.unified());
    if (v1.isEmpty() || !Limits.bounded(limits.quota())) {
      return;
    }
    for (String path = parent; !path.equals("/"); path = CgroupPath.parent(path)) {
      OptionalLong quota = FlatKeyed.number(readOrEmpty(v1.get(), path, V1Files.QUOTA));
      OptionalLong period = FlatKeyed.number(readOrEmpty(v1.get(), path, V1Files.PERIOD));
      if (period.isPresent()) {
        requireShare(path, quota, period.getAsLong(), limits);
      }
    }
  }

  /**
   * Of an ancestor's.
   *
   * @param most empty: it has none
   */
  private static void requireShare(String whose, OptionalLong most, long period, Limits limits) {
    long quota = limits.quota().orElseThrow();
    if (most.isPresent() && share(quota, periodOf(limits)) > share(most.getAsLong(), period)) {
      throw InvalidResources.invalid(
          "resources.cpu.quota",
          "not be a larger part of its period than that of "
              + whose
              + " ("
              + most.getAsLong()
              + " of "
              + period
              + ")",
          quota);
    }
  }

  /** v1 refuses less than one below it has; in v2 each may have what it likes. */
  private void requireQuotaForThoseBelow(String path, Limits limits) {
    Optional<Hierarchy> v1 = hierarchies.of(Controller.CPU).filter(h -> !h.unified());
    if (v1.isEmpty() || !Limits.bounded(limits.quota())) {
      return;
    }
    long quota = limits.quota().getAsLong();
    double asked = share(quota, periodOf(limits));
    for (String below : below(v1.get(), path)) {
      OptionalLong has = FlatKeyed.number(readOrEmpty(v1.get(), below, V1Files.QUOTA));
      OptionalLong period = FlatKeyed.number(readOrEmpty(v1.get(), below, V1Files.PERIOD));
      if (has.isPresent()
          && period.isPresent()
          && asked < share(has.getAsLong(), period.getAsLong())) {
        throw InvalidResources.invalid(
            "resources.cpu.quota",
            "not be a smaller part of its period than that of "
                + below
                + " in it ("
                + has.getAsLong()
                + " of "
                + period.getAsLong()
                + "): lower that first",
            quota);
      }
    }
  }

  /** The same of its CPUs and memory nodes. */
  private void requireListForThoseBelow(String path, String what, Optional<IdList> asked) {
    Optional<Hierarchy> v1 = hierarchies.of(Controller.CPUSET).filter(h -> !h.unified());
    if (v1.isEmpty() || asked.isEmpty()) {
      return;
    }
    for (String below : below(v1.get(), path)) {
      IdList has = IdList.ofKernel(readOrEmpty(v1.get(), below, "cpuset." + what));
      if (!asked.get().contains(has)) {
        throw InvalidResources.invalid(
            "resources.cpu." + what,
            "contain those of " + below + " in it (" + has.text() + "): narrow that first",
            asked.get().text());
      }
    }
  }

  /** Its children: what is below those is within them. */
  private List<String> below(Hierarchy hierarchy, String path) {
    try {
      return files.childDirectories(hierarchy.directory(path)).stream()
          .map(child -> path + "/" + child.getFileName())
          .toList();
    } catch (LinuxException _) {
      return List.of(); // it is gone, as the first write will say
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
