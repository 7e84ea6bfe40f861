package dev.caisson.executor.plan;

import java.util.Optional;
import java.util.Set;

/**
 * What the executor knows and a specification does not say.
 *
 * @param rootContainer whether this is the container that its sandbox is made for
 * @param pipes whether the standard streams are pipes; otherwise they stay what caisson-init has,
 *     {@code /dev/null}
 * @param fileSources sources of bind mounts that are no directories, as the specification writes
 *     them
 * @param lastCapability {@code /proc/sys/kernel/cap_last_cap}
 * @param filter of the specification's {@code seccomp}, compiled; present where that is
 * @param foreignSysfs whether sysfs is the sandbox's read-only one, as its network is somebody
 *     else's
 */
public record ContainerFacts(
    boolean rootContainer,
    CgroupFacts cgroup,
    boolean pipes,
    Set<String> fileSources,
    int lastCapability,
    Optional<Filter> filter,
    boolean foreignSysfs) {
  public ContainerFacts {
    fileSources = Set.copyOf(fileSources);
    if (lastCapability < Capability.LAST_NAMED || lastCapability > Capability.MAX) {
      throw new IllegalArgumentException(
          "lastCapability must be " + Capability.LAST_NAMED + " to 63: " + lastCapability);
    }
  }
}
