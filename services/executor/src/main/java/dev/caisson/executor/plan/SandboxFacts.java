package dev.caisson.executor.plan;

/**
 * What a sandbox is made of.
 *
 * @param userNamespace whether it has a user namespace of its own
 * @param hostname 1 to 64 bytes
 * @param domainname empty: not set
 */
public record SandboxFacts(
    boolean userNamespace, CgroupFacts cgroup, String hostname, String domainname) {}
