package dev.caisson.executor.plan;

import java.util.List;
import java.util.stream.Stream;

/**
 * Where the process's cgroup lives.
 *
 * @param v1 hierarchies of version 1 that the process joins itself, each by its controllers as they
 *     are mounted together: {@code memory}, {@code cpu,cpuacct}, {@code name=systemd}
 * @param v2 whether there is a hierarchy of version 2; a process is born in its cgroup there
 */
public record CgroupFacts(List<String> v1, boolean v2) {
  public CgroupFacts {
    v1 = List.copyOf(v1);
  }

  /**
   * Of a process that is not born in its cgroup, but joins all of them itself: whoever has entered
   * a user namespace may bear nobody into a cgroup, as the cgroups above are not that namespace's.
   */
  public CgroupFacts joinedLate() {
    return v2
        ? new CgroupFacts(
            Stream.concat(v1.stream(), Stream.of(Donation.CgroupEntry.UNIFIED)).toList(), false)
        : this;
  }

  /** Joins the cgroup in each hierarchy of version 1. */
  void join(Assembly assembly) {
    for (String hierarchy : v1) {
      var procs = assembly.donate(new Donation.CgroupEntry(hierarchy));
      assembly.add(new FileStep.JoinCgroup(procs, hierarchy));
    }
  }
}
