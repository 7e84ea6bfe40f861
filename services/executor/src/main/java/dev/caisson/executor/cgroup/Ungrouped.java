package dev.caisson.executor.cgroup;

import dev.caisson.executor.procfs.PidNamespaces;
import dev.caisson.proto.types.v1.Resources;
import java.util.List;

/**
 * {@link Cgroups} of an executor without root to which no cgroup was delegated: there are only
 * names. Limits are not in force, and say so.
 */
final class Ungrouped implements Cgroups {
  private final PidNamespaces namespaces;

  Ungrouped(PidNamespaces namespaces) {
    this.namespaces = namespaces;
  }

  @Override
  public CgroupMode mode() {
    return CgroupMode.NONE;
  }

  @Override
  public String explanation() {
    return CgroupMode.NONE.text() + ": " + NamespacedGroup.WITHOUT;
  }

  @Override
  public List<String> missing() {
    return List.of(
        "No cgroups can be used ("
            + NamespacedGroup.WITHOUT
            + "): limits are not in force, CPU time is counted by process in steps of 10 ms, containers"
            + " cannot be paused, and each needs a PID namespace of its own.");
  }

  @Override
  public boolean tellProcessesApart() {
    return false;
  }

  @Override
  public List<String> unenforced(Resources limits) {
    return LimitsOnHost.asked(Limits.of(limits)).stream()
        .map(setting -> setting.field() + ": not in force, since " + NamespacedGroup.WITHOUT)
        .toList();
  }

  @Override
  public void ensure(String path) {
    CgroupPath.require(path);
  }

  @Override
  public Cgroup create(String path, Resources limits, Owner owner) {
    var _ = Limits.of(limits); // what has no meaning is refused everywhere
    return open(path);
  }

  @Override
  public Cgroup createLeaf(Cgroup cgroup, String name, Owner owner) {
    return open(cgroup.path() + "/" + name);
  }

  @Override
  public Occupancy occupancy(String path) {
    CgroupPath.require(path);
    return Occupancy.NONE;
  }

  @Override
  public Cgroup open(String path) {
    CgroupPath.require(path);
    return new NamespacedGroup(path, namespaces);
  }

  @Override
  public boolean removeIfUnused(String path) {
    return true;
  }
}
