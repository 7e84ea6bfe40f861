package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import java.util.List;

/** The names of the v1 hierarchies that a process joins by its program's first steps. */
final class CgroupHierarchies {
  private CgroupHierarchies() {}

  static List<String> names(Cgroup cgroup) {
    return cgroup.joins().stream().map(Cgroup.Join::hierarchy).toList();
  }
}
