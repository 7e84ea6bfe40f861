package dev.caisson.executor.plan;

import java.util.Optional;

/**
 * What the executor knows of a process to be executed in a container.
 *
 * @param pipes as in {@link ContainerFacts}
 * @param lastCapability {@code /proc/sys/kernel/cap_last_cap}
 * @param filter the container's, compiled; present where its specification has one
 * @param groups as in {@link ContainerFacts}
 * @param limits what the process inherits
 * @param passed as in {@link ContainerFacts}
 */
public record ExecFacts(
    CgroupFacts cgroup,
    boolean pipes,
    int lastCapability,
    Optional<Filter> filter,
    boolean groups,
    HostLimits limits,
    Passed passed) {

  /** Where supplementary groups may be changed, and the process inherits no limits. */
  ExecFacts(CgroupFacts cgroup, boolean pipes, int lastCapability, Optional<Filter> filter) {
    this(cgroup, pipes, lastCapability, filter, true, HostLimits.none(), Passed.NONE);
  }
}
