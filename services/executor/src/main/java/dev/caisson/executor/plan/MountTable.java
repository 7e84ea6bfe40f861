package dev.caisson.executor.plan;

import dev.caisson.executor.plan.PlannedMount.Bind;
import dev.caisson.executor.plan.PlannedMount.Cgroups;
import dev.caisson.executor.plan.PlannedMount.CopiedUp;
import dev.caisson.executor.plan.PlannedMount.Fresh;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Mount;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The mounts of a container, in order: those of the specification, and those that no container
 * lacks.
 */
final class MountTable {
  static final String DEV = "/dev";

  /** The group of terminals in nearly every distribution: {@code tty}. */
  static final MountOption TERMINAL_GROUP = MountOption.parse("gid=5");

  /** Filesystems that a user namespace may mount, and that show nothing of the host. */
  private static final Set<String> TYPES = Set.of("proc", "tmpfs", "sysfs", "devpts", "mqueue");

  private static final String TMPFS = "tmpfs";
  private static final Set<String> CGROUP_TYPES = Set.of("cgroup", "cgroup2");
  private static final Set<String> BIND_TYPES = Set.of("", "none", "bind");

  /**
   * Each goes right behind what it lies on, so the last of two that lie on the same comes first.
   */
  private static final List<PlannedMount> MANDATORY =
      List.of(
          fresh("/proc", "proc", "nosuid,nodev,noexec"),
          fresh("/sys", "sysfs", "ro,nosuid,nodev,noexec"),
          fresh(DEV, "tmpfs", "nosuid,noexec,strictatime,mode=755,size=65536k"),
          fresh("/dev/shm", "tmpfs", "nosuid,nodev,noexec,mode=1777,size=65536k"),
          fresh("/dev/pts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"));

  private MountTable() {}

  /**
   * Reads the mounts of a specification.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if a mount is not possible
   */
  static List<PlannedMount> of(List<Mount> mounts, Known known) {
    List<PlannedMount> table = read(mounts, known);
    addMandatory(table);
    return List.copyOf(table);
  }

  /** The same, where nothing is known of the host. */
  static List<PlannedMount> of(List<Mount> mounts, Set<String> fileSources) {
    return of(mounts, Known.files(fileSources));
  }

  /** Those of the specification alone, each at its own index. */
  static List<PlannedMount> read(List<Mount> mounts, Set<String> fileSources) {
    return read(mounts, Known.files(fileSources));
  }

  private static List<PlannedMount> read(List<Mount> mounts, Known known) {
    List<PlannedMount> table = new ArrayList<>();
    for (int i = 0; i < mounts.size(); i++) {
      table.add(read("mounts[" + i + "]", mounts.get(i), known));
    }
    return table;
  }

  /**
   * What a mount depends on beside itself.
   *
   * @param fileSources as {@link ContainerFacts} has them
   * @param directories as {@link ContainerFacts} has them
   * @param propagation of bind mounts that do not say
   */
  record Known(
      Set<String> fileSources,
      Map<String, DirectoryFacts> directories,
      Donation.Propagation propagation) {

    static Known files(Set<String> fileSources) {
      return new Known(fileSources, Map.of(), Donation.Propagation.PRIVATE);
    }

    Optional<DirectoryFacts> directory(String path) {
      return Optional.ofNullable(directories.get(path));
    }
  }

  /** Whether {@code /dev} is ours to fill: a fresh filesystem, not a directory of the host. */
  static boolean hasOwnDev(List<PlannedMount> table) {
    Optional<PlannedMount> dev =
        table.stream().filter(mount -> mount.destination().equals(DEV)).reduce((a, b) -> b);
    return dev.map(MountTable::isOwnTmpfs).orElse(false);
  }

  private static boolean isOwnTmpfs(PlannedMount mount) {
    return switch (mount) {
      case Fresh fresh -> fresh.filesystem().type().equals(TMPFS);
      case CopiedUp _ -> true;
      case Bind _, Cgroups _, PlannedMount.Volume _ -> false;
    };
  }

  private static PlannedMount read(String field, Mount mount, Known known) {
    String destination = Paths.clean(field + ".destination", mount.getDestination());
    if (destination.equals("/")) {
      throw Refusal.invalid(
              field + ".destination", "not be the root; use root.path", mount.getDestination())
          .exception();
    }
    MountOptions options = MountOptions.parse(field + ".options", mount.getOptionsList());
    if (mount.getType().equals(Volumes.TYPE)) {
      return Volumes.read(field, mount, destination, options);
    }
    Volumes.refuseSubpath(field, mount);
    if (options.bind() || mount.getType().equals("bind")) {
      return bind(field, mount, destination, options, known);
    }
    refuseIdMap(field, mount, options);
    return CGROUP_TYPES.contains(mount.getType())
        ? cgroups(field, destination, options)
        : filesystem(field, mount, destination, options, known);
  }

  private static Bind bind(
      String field, Mount mount, String destination, MountOptions options, Known known) {
    if (!BIND_TYPES.contains(mount.getType())) {
      throw Refusal.invalid(field + ".type", "be bind with the option bind", mount.getType())
          .exception();
    }
    refuseCopyUp(field, options);
    refuseData(field, options, "a bind mount");
    String source = Paths.clean(field + ".source", mount.getSource());
    EnumSet<Flag> attributes = EnumSet.noneOf(Flag.class);
    attributes.addAll(options.attributes());
    if (!options.deviceFiles()) {
      // Device files of the host do not work in a container, unless one is asked for.
      attributes.add(Flag.MOUNT_ATTR_NODEV);
    }
    return new Bind(
        destination,
        source,
        known.fileSources().contains(mount.getSource()),
        options.recursive(),
        new MountAttributes(attributes, options.propagation().orElse(known.propagation())),
        idMap(field, mount, options));
  }

  /** Maps without an option are those of {@code idmap}. */
  private static Optional<IdMap> idMap(String field, Mount mount, MountOptions options) {
    List<IdMapping> uids = mount.getUidMappingsList();
    List<IdMapping> gids = mount.getGidMappingsList();
    return options.idMap().isEmpty() && uids.isEmpty() && gids.isEmpty()
        ? Optional.empty()
        : Optional.of(IdMap.of(field, options.idMap().orElse(IdMap.Extent.TOP), uids, gids));
  }

  private static Cgroups cgroups(String field, String destination, MountOptions options) {
    // Options of a hierarchy (release_agent!) belong to whoever mounted it first.
    refuseCopyUp(field, options);
    refuseData(field, options, "a cgroup mount");
    refuseSlave(field, options);
    return new Cgroups(destination, options.orderedAttributes());
  }

  private static PlannedMount filesystem(
      String field, Mount mount, String destination, MountOptions options, Known known) {
    if (!TYPES.contains(mount.getType())) {
      throw Refusal.unsupported(
              field + ".type",
              "A container can mount proc, tmpfs, sysfs, devpts, mqueue, cgroup, bind and volume; not "
                  + Quoted.of(mount.getType())
                  + ".")
          .exception();
    }
    refuseSlave(field, options);
    if (!mount.getType().equals(TMPFS)) {
      refuseCopyUp(field, options);
      return new Fresh(
          new NewFilesystem(
              mount.getType(), options.data(), options.orderedAttributes(), destination));
    }
    Optional<DirectoryFacts> there = known.directory(destination);
    List<MountOption> data = withMode(options.data(), there);
    NewFilesystem tmpfs = new NewFilesystem(TMPFS, data, options.orderedAttributes(), destination);
    return options.copyUp()
        ? new CopiedUp(tmpfs, top(field + ".options", data, there.orElse(DirectoryFacts.TMPFS)))
        : new Fresh(tmpfs);
  }

  /** The root of a tmpfs with these options, which is otherwise as what it covers. */
  private static DirectoryFacts top(String field, List<MountOption> data, DirectoryFacts there) {
    return new DirectoryFacts(
        number(field, data, "mode", 8, 07777).orElse(there.mode()),
        number(field, data, "uid", 10, Integer.MAX_VALUE).orElse(there.uid()),
        number(field, data, "gid", 10, Integer.MAX_VALUE).orElse(there.gid()));
  }

  private static Optional<Integer> number(
      String field, List<MountOption> data, String key, int radix, int most) {
    return data.stream()
        .filter(option -> option.key().equals(key))
        .reduce((a, b) -> b)
        .map(option -> number(field, option, radix, most));
  }

  private static int number(String field, MountOption option, int radix, int most) {
    String value = option.value().orElse("");
    boolean digits = value.chars().allMatch(c -> c >= '0' && c < '0' + radix);
    if (!digits || value.isEmpty() || value.length() > 10 || Long.parseLong(value, radix) > most) {
      throw Refusal.invalid(field, "have a number for " + option.key(), option.text()).exception();
    }
    return Integer.parseInt(value, radix);
  }

  /** As what it covers, unless it says otherwise. The kernel's own would be everybody's. */
  private static List<MountOption> withMode(
      List<MountOption> data, Optional<DirectoryFacts> covered) {
    List<MountOption> all = new ArrayList<>(data);
    covered
        .filter(directory -> !hasMode(data))
        .map(directory -> "mode=" + Integer.toOctalString(directory.mode()))
        .map(MountOption::parse)
        .ifPresent(all::add);
    return all;
  }

  /** Whether the mode of a filesystem's root is said. */
  static boolean hasMode(List<MountOption> data) {
    return data.stream().anyMatch(option -> option.key().equals("mode"));
  }

  /** Of each tmpfs that does not say its mode. */
  static List<String> destinationsWithoutMode(List<Mount> mounts) {
    List<String> destinations = new ArrayList<>();
    for (int i = 0; i < mounts.size(); i++) {
      Mount mount = mounts.get(i);
      if (mount.getType().equals(TMPFS)
          && mount.getOptionsList().stream().noneMatch(option -> option.startsWith("mode="))) {
        destinations.add(Paths.clean("mounts[" + i + "].destination", mount.getDestination()));
      }
    }
    return destinations;
  }

  private static void refuseIdMap(String field, Mount mount, MountOptions options) {
    if (options.idMap().isPresent()
        || mount.getUidMappingsCount() + mount.getGidMappingsCount() > 0) {
      throw Refusal.invalid(field + ".options", "have bind where ids are mapped", mount.getType())
          .exception();
    }
  }

  private static void refuseCopyUp(String field, MountOptions options) {
    if (options.copyUp()) {
      throw Refusal.invalid(field + ".options", "be of a tmpfs", "tmpcopyup").exception();
    }
  }

  private static void refuseSlave(String field, MountOptions options) {
    if (options.propagation().equals(Optional.of(Donation.Propagation.SLAVE))) {
      throw Refusal.invalid(field + ".options", "be private, as it has no master", "slave")
          .exception();
    }
  }

  private static void refuseData(String field, MountOptions options, String what) {
    if (!options.data().isEmpty()) {
      String option = options.data().getFirst().text();
      if (MountOptions.SUPERBLOCK.contains(option)) {
        throw Refusal.invalid(
                field + ".options", "leave what is of a whole filesystem to the host", option)
            .exception();
      }
      throw Refusal.invalid(field + ".options", "be known for " + what, option).exception();
    }
  }

  /** Of a cgroup namespace that is somebody else's. */
  static void refuseCgroups(List<PlannedMount> table) {
    if (table.stream().anyMatch(mount -> mount instanceof Cgroups)) {
      throw Refusal.unsupported(
              "mounts",
              "A cgroup filesystem shows the cgroup namespace, which is joined and somebody else's:"
                  + " leave the mount out.")
          .exception();
    }
  }

  private static void addMandatory(List<PlannedMount> table) {
    int front = 0;
    for (PlannedMount mount : MANDATORY) {
      if (table.stream().noneMatch(m -> m.destination().equals(mount.destination()))) {
        int above = lastAbove(table, mount.destination());
        table.add(above < 0 ? front : above + 1, mount);
        front += above < 0 ? 1 : 0;
      }
    }
  }

  /** The last mount that would hide the destination if it came later; -1: none. */
  private static int lastAbove(List<PlannedMount> table, String destination) {
    for (int i = table.size() - 1; i >= 0; i--) {
      if (Paths.within(destination, table.get(i).destination())) {
        return i;
      }
    }
    return -1;
  }

  private static Fresh fresh(String destination, String type, String options) {
    MountOptions parsed = MountOptions.parse("mounts", List.of(options.split(",", -1)));
    return new Fresh(
        new NewFilesystem(type, parsed.data(), parsed.orderedAttributes(), destination));
  }
}
