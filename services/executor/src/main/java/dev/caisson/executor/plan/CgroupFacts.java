package dev.caisson.executor.plan;

import java.util.List;

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

  /** Joins the cgroup in each hierarchy of version 1. */
  void join(Assembly assembly) {
    for (String hierarchy : v1) {
      var procs = assembly.donate(new Donation.CgroupProcs(hierarchy));
      assembly.add(new FileStep.JoinCgroup(procs, hierarchy));
    }
  }
}
