package dev.caisson.executor.plan;

/**
 * What the executor knows of a process to be executed in a container.
 *
 * @param pipes as in {@link ContainerFacts}
 * @param lastCapability {@code /proc/sys/kernel/cap_last_cap}
 */
public record ExecFacts(CgroupFacts cgroup, boolean pipes, int lastCapability) {}
