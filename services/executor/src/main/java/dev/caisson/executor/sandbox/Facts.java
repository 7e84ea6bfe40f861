package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.network.NameFiles;
import dev.caisson.executor.plan.CgroupFacts;
import dev.caisson.executor.plan.ContainerFacts;
import dev.caisson.executor.plan.ExecFacts;
import dev.caisson.executor.plan.Filter;
import dev.caisson.executor.plan.HostLimits;
import dev.caisson.executor.plan.Placement;
import dev.caisson.executor.plan.SandboxFacts;
import dev.caisson.executor.plan.SharedNamespaces;
import dev.caisson.executor.seccomp.Filters;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.UserNamespace;
import dev.caisson.proto.types.v1.Volume;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the compiler of plans is told of this host. */
final class Facts {
  private final Host host;
  private final Donor donor;
  private final Filters filters;
  private final int lastCapability;
  private final HostLimits limits;
  private final SecurityModules modules = SecurityModules.of(Path.of("/"));
  private volatile @Nullable CgroupFacts anywhere;

  Facts(Host host, Donor donor, Filters filters) {
    this.host = host;
    this.donor = donor;
    this.filters = filters;
    this.lastCapability = host.proc().lastCapability();
    this.limits = ProcessLimits.ofThisProcess(host);
  }

  SandboxFacts sandbox(SandboxRecord record, Cgroup leaf) {
    boolean mapped = record.getUidMappingsCount() > 0;
    return sandbox(
        mapped,
        cgroup(leaf),
        record.getHostname(),
        record.getDomainname(),
        shared(record),
        record.getVolumesList());
  }

  /** Of the sandbox of a container that is only planned. */
  SandboxFacts impliedSandbox(ContainerSpec spec, String id, List<Volume> volumes) {
    return sandbox(
        isMapped(spec),
        anywhere(),
        spec.getHostname().isEmpty() ? id : spec.getHostname(),
        spec.getDomainname(),
        SharedNamespaces.of(spec.getNamespacesList()),
        volumes);
  }

  private SandboxFacts sandbox(
      boolean mapped,
      CgroupFacts cgroup,
      String hostname,
      String domainname,
      SharedNamespaces shared,
      List<Volume> volumes) {
    CgroupFacts joined = shared.joinsUsers() ? cgroup.joinedLate() : cgroup;
    return new SandboxFacts(mapped, joined, hostname, domainname, shared, groups(), volumes);
  }

  private static boolean isMapped(ContainerSpec spec) {
    return spec.getUserNamespace().getMode() != UserNamespace.Mode.HOST;
  }

  static SharedNamespaces shared(SandboxRecord record) {
    return record.getNamespacesCount() == 0
        ? SharedNamespaces.own()
        : SharedNamespaces.of(record.getNamespacesList());
  }

  /**
   * Of a sandbox's first container that is to be made, or only planned: its cgroup need not be
   * there.
   *
   * @param network whether its sandbox is joined to a network of the host
   */
  ContainerFacts rootContainer(ContainerSpec spec, Streams streams, boolean network) {
    SharedNamespaces shared = SharedNamespaces.of(spec.getNamespacesList());
    return container(spec, true, streams, shared.foreign(isMapped(spec)), network);
  }

  /** Of a further container of the sandbox. */
  ContainerFacts furtherContainer(ContainerSpec spec, SandboxRecord sandbox, Streams streams) {
    boolean mapped = sandbox.getUidMappingsCount() > 0;
    return container(spec, false, streams, shared(sandbox).foreign(mapped), sandbox.hasNetwork());
  }

  private ContainerFacts container(
      ContainerSpec spec,
      boolean rootContainer,
      Streams streams,
      Set<Namespace.Type> foreign,
      boolean network) {
    modules.require(spec.getProcess(), spec);
    Set<String> files = donor.fileSources(spec.getMountsList());
    return new ContainerFacts(
        rootContainer,
        anywhere(),
        streams.any(),
        files,
        lastCapability,
        filter(spec),
        foreign,
        limits,
        donor.directories(spec),
        groups(),
        streams.passed(),
        network ? NameFiles.names() : Set.of());
  }

  ExecFacts exec(Cgroup cgroup, Streams streams, Process process, ContainerSpec spec) {
    modules.require(process, spec);
    return new ExecFacts(
        cgroup(cgroup),
        streams.any(),
        lastCapability,
        filter(spec),
        groups(),
        limits,
        streams.passed());
  }

  private boolean groups() {
    return host.settings().powers().groups();
  }

  /** What processes inherit. */
  HostLimits limits() {
    return limits;
  }

  private Optional<Filter> filter(ContainerSpec spec) {
    return spec.hasSeccomp() ? Optional.of(filters.of(spec.getSeccomp())) : Optional.empty();
  }

  /** How the first processes of most containers are placed on this host. */
  Placement usualPlacement() {
    return Placement.usual(anywhere());
  }

  /** The hierarchies that every cgroup of this host is in. */
  private CgroupFacts anywhere() {
    @Nullable CgroupFacts known = anywhere;
    if (known == null) {
      known = cgroup(host.cgroups().open(host.settings().cgroupParent()));
      anywhere = known;
    }
    return known;
  }

  static CgroupFacts cgroup(Cgroup cgroup) {
    return new CgroupFacts(CgroupHierarchies.names(cgroup), cgroup.birthDirectory().isPresent());
  }
}
