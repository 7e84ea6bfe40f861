package dev.caisson.executor.cgroup;

import dev.caisson.executor.procfs.PidNamespaces;
import dev.caisson.linux.Files;
import dev.caisson.proto.types.v1.Resources;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The host's cgroups. Safe for use by several threads, as long as no two work on the same path.
 *
 * <p>Paths are absolute in the trees, and the same in each: {@code /caisson/sandbox-‹uid›}.
 */
public interface Cgroups {
  /**
   * Finds what is mounted, and keeps no file of it open.
   *
   * @param mountinfo {@code /proc/self/mountinfo}
   * @throws CgroupException when no hierarchy is mounted
   */
  static Cgroups detect(Files kernelFiles, Path mountinfo) {
    return detect(kernelFiles, mountinfo, 0);
  }

  /**
   * The same.
   *
   * @param kept how many files may stay open, since they are read often
   */
  static Cgroups detect(Files kernelFiles, Path mountinfo, int kept) {
    ControlFiles files = new ControlFiles(kernelFiles, kept);
    return new MountedCgroups(Hierarchies.detect(Mountinfo.read(mountinfo), files), files);
  }

  /**
   * What an executor without root may use: the v2 tree, where a parent is delegated to it, and with
   * what was delegated; otherwise nothing.
   *
   * @param mountinfo {@code /proc/self/mountinfo}
   * @param own {@code /proc/self/cgroup}
   * @param parent of all sandboxes; made where that is possible
   * @param kept as of {@link #detect(Files, Path, int)}
   */
  static Cgroups delegated(
      Files kernelFiles,
      Path mountinfo,
      String own,
      String parent,
      PidNamespaces namespaces,
      int kept) {
    return new Delegation(new ControlFiles(kernelFiles, kept), namespaces)
        .cgroups(Mountinfo.read(mountinfo), own, parent);
  }

  /**
   * The same where systemd is to make the scopes that sandboxes lie in.
   *
   * @throws SystemdException that says why it cannot, and what to do
   */
  static Cgroups ofSystemd(Files kernelFiles, Path mountinfo, Systemd systemd, int kept) {
    ControlFiles files = new ControlFiles(kernelFiles, kept);
    return SystemdCgroups.on(
        Hierarchies.detect(Mountinfo.read(mountinfo), files),
        files,
        systemd,
        new ScopeKeeper(),
        Path.of("/run/systemd/system"));
  }

  CgroupMode mode();

  /**
   * The path of what a specification names, which the guard has allowed; of nothing it is empty.
   * Does no I/O.
   */
  default String named(String asked) {
    return asked;
  }

  /**
   * A cgroup that a sandbox is to have to itself, below the usual parent, when it names none: where
   * they do not lie in the parent itself.
   */
  default Optional<String> ownParent(String parent, String sandboxUid) {
    return Optional.empty();
  }

  /**
   * Whether a process's cgroup says whose it is; otherwise only its PID namespace does, and each
   * container needs one of its own.
   */
  default boolean tellProcessesApart() {
    return true;
  }

  /**
   * What of these limits would not be in force, each as a sentence. Empty but without root, where
   * limits that nobody has delegated are left out.
   */
  default List<String> unenforced(Resources limits) {
    return List.of();
  }

  /**
   * Refuses limits that no new cgroup below another can have, before anything is made for one.
   * {@link #create} asks again, since others may change what is above.
   *
   * @param parent that may be yet to be made
   * @throws InvalidResources if there are such
   */
  default void require(String parent, Resources limits) {
    Limits.check(limits);
  }

  /**
   * The same of a container whose sandbox is made for it.
   *
   * @param parent of the sandbox
   * @param around what the sandbox is to have
   */
  default void require(String parent, Resources around, Resources limits) {
    Limits.check(limits);
  }

  /** One line for people: the mode, and which controller is used where. */
  String explanation();

  /** What this host cannot do, each as a sentence with what that costs. */
  List<String> missing();

  /**
   * Makes a path that is not ours alone, such as the sandboxes' parent, as far as it is not there.
   * Idempotent.
   */
  void ensure(String path);

  /**
   * Makes one in every hierarchy, or in none. Its parent must be there.
   *
   * @param owner who may move processes into it in the v2 tree
   * @throws InvalidResources before anything is made, when the limits are not possible here
   * @throws CgroupException EXISTS when it is there in any hierarchy
   */
  Cgroup create(String path, Resources limits, Owner owner);

  /**
   * Makes the place of a cgroup's own processes, beside its children. v2 allows no process in a
   * cgroup with children, so there it is a child of this name; in v1 it is the cgroup itself, and
   * so is whatever is read, changed or killed through the place: one directory in each hierarchy
   * less to make and to remove, and what is counted for the cgroup is the same.
   *
   * @param cgroup made by {@link #create}
   */
  Cgroup createLeaf(Cgroup cgroup, String name, Owner owner);

  /** What is at a path. */
  enum Occupancy {
    /** Nothing, in any hierarchy. */
    NONE,
    /** A cgroup without processes, its descendants' included. */
    EMPTY,
    /** One with processes, whosever they are, in some hierarchy. */
    USED
  }

  /** Also of a path that is not ours. */
  Occupancy occupancy(String path);

  /** One that is there, or was: the answers of one that is gone are empty. Does no I/O. */
  Cgroup open(String path);

  /**
   * Removes a path that is not ours alone when nothing is in it: no process, and no other cgroup.
   * Says whether it is gone everywhere.
   */
  boolean removeIfUnused(String path);
}
