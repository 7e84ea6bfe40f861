package dev.caisson.executor.plan;

import dev.caisson.executor.plan.PlannedMount.Bind;
import dev.caisson.executor.plan.PlannedMount.Cgroups;
import dev.caisson.executor.plan.PlannedMount.Fresh;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.Mount;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
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
  static List<PlannedMount> of(List<Mount> mounts, Set<String> fileSources) {
    List<PlannedMount> table = read(mounts, fileSources);
    addMandatory(table);
    return List.copyOf(table);
  }

  /** Those of the specification alone, each at its own index. */
  static List<PlannedMount> read(List<Mount> mounts, Set<String> fileSources) {
    List<PlannedMount> table = new ArrayList<>();
    for (int i = 0; i < mounts.size(); i++) {
      table.add(read("mounts[" + i + "]", mounts.get(i), fileSources));
    }
    return table;
  }

  /** Whether {@code /dev} is ours to fill: a fresh filesystem, not a directory of the host. */
  static boolean hasOwnDev(List<PlannedMount> table) {
    Optional<PlannedMount> dev =
        table.stream().filter(mount -> mount.destination().equals(DEV)).reduce((a, b) -> b);
    return dev.map(mount -> mount instanceof Fresh f && f.filesystem().type().equals("tmpfs"))
        .orElse(false);
  }

  private static PlannedMount read(String field, Mount mount, Set<String> fileSources) {
    String destination = Paths.clean(field + ".destination", mount.getDestination());
    if (destination.equals("/")) {
      throw Refusal.invalid(
              field + ".destination", "not be the root; use root.path", mount.getDestination())
          .exception();
    }
    MountOptions options = MountOptions.parse(field + ".options", mount.getOptionsList());
    if (options.bind() || mount.getType().equals("bind")) {
      return bind(field, mount, destination, options, fileSources);
    }
    return CGROUP_TYPES.contains(mount.getType())
        ? cgroups(field, destination, options)
        : filesystem(field, mount, destination, options);
  }

  private static Bind bind(
      String field, Mount mount, String destination, MountOptions options, Set<String> files) {
    if (!BIND_TYPES.contains(mount.getType())) {
      throw Refusal.invalid(field + ".type", "be bind with the option bind", mount.getType())
          .exception();
    }
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
        files.contains(mount.getSource()),
        options.recursive(),
        new MountAttributes(attributes, options.propagation()));
  }

  private static Cgroups cgroups(String field, String destination, MountOptions options) {
    // Options of a hierarchy (release_agent!) belong to whoever mounted it first.
    refuseData(field, options, "a cgroup mount");
    refuseSlave(field, options);
    return new Cgroups(destination, options.orderedAttributes());
  }

  private static Fresh filesystem(
      String field, Mount mount, String destination, MountOptions options) {
    if (!TYPES.contains(mount.getType())) {
      throw Refusal.unsupported(
              field + ".type",
              "A container can mount proc, tmpfs, sysfs, devpts, mqueue, cgroup and bind; not "
                  + Quoted.of(mount.getType())
                  + ".")
          .exception();
    }
    refuseSlave(field, options);
    return new Fresh(
        new NewFilesystem(
            mount.getType(), options.data(), options.orderedAttributes(), destination));
  }

  private static void refuseSlave(String field, MountOptions options) {
    if (options.propagation() == Donation.Propagation.SLAVE) {
      throw Refusal.invalid(field + ".options", "be private, as it has no master", "slave")
          .exception();
    }
  }

  private static void refuseData(String field, MountOptions options, String what) {
    if (!options.data().isEmpty()) {
      String option = options.data().getFirst().text();
      throw Refusal.invalid(field + ".options", "be known for " + what, option).exception();
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
