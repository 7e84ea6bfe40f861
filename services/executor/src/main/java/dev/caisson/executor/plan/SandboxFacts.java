package dev.caisson.executor.plan;

import dev.caisson.proto.types.v1.Namespace;

/**
 * What a sandbox is made of.
 *
 * @param userNamespace whether it has a user namespace of its own
 * @param hostname 1 to 64 bytes
 * @param domainname empty: not set
 * @param shared where its namespaces come from
 */
public record SandboxFacts(
    boolean userNamespace,
    CgroupFacts cgroup,
    String hostname,
    String domainname,
    SharedNamespaces shared) {

  /**
   * Whether sysfs, which shows a network namespace, cannot be mounted: the kernel lets only the
   * owner of the network namespace do that.
   */
  boolean foreignSysfs() {
    return shared.foreign(userNamespace).contains(Namespace.Type.NETWORK);
  }
}
