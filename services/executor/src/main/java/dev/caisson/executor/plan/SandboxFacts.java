package dev.caisson.executor.plan;

import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Volume;
import java.util.List;

/**
 * What a sandbox is made of.
 *
 * @param userNamespace whether it has another user namespace than the host's
 * @param hostname 1 to 64 bytes
 * @param domainname empty: not set
 * @param shared where its namespaces come from
 * @param groups as in {@link ContainerFacts}
 * @param volumes what its containers share
 */
public record SandboxFacts(
    boolean userNamespace,
    CgroupFacts cgroup,
    String hostname,
    String domainname,
    SharedNamespaces shared,
    boolean groups,
    List<Volume> volumes) {
  public SandboxFacts {
    volumes = List.copyOf(volumes);
  }

  /** Where supplementary groups may be changed, and nothing is shared. */
  SandboxFacts(
      boolean userNamespace,
      CgroupFacts cgroup,
      String hostname,
      String domainname,
      SharedNamespaces shared) {
    this(userNamespace, cgroup, hostname, domainname, shared, true, List.of());
  }

  /** Whether its user namespace is made for it, with maps that are to be written. */
  public boolean ownUsers() {
    return userNamespace && !shared.joinsUsers();
  }

  /**
   * Whether sysfs, which shows a network namespace, cannot be mounted: the kernel lets only the
   * owner of the network namespace do that.
   */
  boolean foreignSysfs() {
    return shared.foreign(userNamespace).contains(Namespace.Type.NETWORK);
  }
}
