package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import java.nio.file.Path;
import java.util.List;

/** The names of the v1 hierarchies that a process joins by its program's first steps. */
final class CgroupHierarchies {
  private CgroupHierarchies() {}

  static List<String> names(Cgroup cgroup) {
    return cgroup.joins().stream().map(Cgroup.Join::hierarchy).toList();
  }

  /** {@code /sys/fs/cgroup/memory/caisson/…/cgroup.procs} is {@code memory}'s. */
  static String name(Cgroup cgroup, Path joinFile) {
    return cgroup.joins().stream()
        .filter(join -> join.procs().equals(joinFile))
        .findFirst()
        .map(Cgroup.Join::hierarchy)
        .orElseThrow();
  }
}
