package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import java.nio.file.Path;
import java.util.List;

/** The names of the v1 hierarchies that a process joins by its program's first steps. */
final class CgroupHierarchies {
  private CgroupHierarchies() {}

  static List<String> names(Cgroup cgroup) {
    return cgroup.joinFiles().stream().map(file -> name(cgroup, file)).toList();
  }

  /** {@code /sys/fs/cgroup/memory/caisson/…/cgroup.procs} is {@code memory}'s: the mount point's name. */
  static String name(Cgroup cgroup, Path joinFile) {
    int below = Path.of(cgroup.path()).getNameCount() + 1;
    int mountPoint = joinFile.getNameCount() - below;
    return joinFile.getName(mountPoint - 1).toString();
  }
}
