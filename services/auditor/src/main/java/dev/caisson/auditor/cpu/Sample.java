package dev.caisson.auditor.cpu;

import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a sandbox had used at one moment. All amounts are nanoseconds.
 *
 * @param seq from 1 for each sandbox, without gaps
 * @param cgroup the cgroup's cumulative CPU time; empty: there is no cgroup
 * @param counterEpoch changes when the cgroup was made anew
 * @param containers every container that ran since the sample before
 */
record Sample(long seq, OptionalLong cgroup, long counterEpoch, List<ContainerReading> containers) {

  /** So that what comes of a sample fits into one record of 1 MiB. */
  static final int MAX_CONTAINERS = 4_096;

  Sample {
    if (seq < 1) {
      throw new IllegalArgumentException("sandbox_seq must be from 1 to 2^63-1: " + seq);
    }
    if (cgroup.orElse(0) < 0) {
      throw new IllegalArgumentException("cgroup_nanos must be below 2^63");
    }
    if (containers.size() > MAX_CONTAINERS) {
      throw new IllegalArgumentException("containers must be at most 4096: " + containers.size());
    }
    containers = List.copyOf(containers);
    requireUnique(containers);
  }

  private static void requireUnique(List<ContainerReading> containers) {
    Set<String> seen = new HashSet<>();
    for (ContainerReading container : containers) {
      if (!seen.add(container.uid())) {
        throw new IllegalArgumentException("container_uid must be unique: " + container.uid());
      }
    }
  }
}
