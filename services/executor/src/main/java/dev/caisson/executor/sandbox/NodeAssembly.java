package dev.caisson.executor.sandbox;

import dev.caisson.executor.donation.Donations;
import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.seccomp.Filters;
import dev.caisson.executor.usage.SampledSandbox;
import dev.caisson.executor.usage.UsageSampler;
import dev.caisson.linux.DevicePrograms;
import dev.caisson.linux.SeccompCompiler;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** Puts the parts of this package together. */
public final class NodeAssembly implements AutoCloseable {
  private final Host host;
  private final Donor donor;
  private final SandboxNetworks networks;
  private final Filters filters;
  private final IdMaps idMaps;
  private final KernelEvents events;
  private final Sandboxes sandboxes;
  private final SandboxPool pool;
  private final DeviceFence fence;
  private final Node node;
  private final Recovery recovery;

  /**
   * @param policy which the guard keeps to
   * @param donations what local callers hand over
   * @param sampler made from the supplier of what is to be sampled
   */
  public NodeAssembly(
      Host host,
      GuardPolicy policy,
      Donations donations,
      Function<Supplier<Collection<SampledSandbox>>, UsageSampler> sampler) {
    this.host = host;
    Recorder recorder = new Recorder(host.journal());
    Redaction redaction = new Redaction(policy.redaction());
    Holders holders = new Holders(host, this::lost);
    NamedCgroups named = new NamedCgroups(host, holders);
    Bystanders bystanders = new Bystanders(host, holders);
    this.idMaps = new IdMaps(host, bystanders);
    this.donor =
        new Donor(
            host.kernel(),
            host.proc(),
            paths(policy.rootfsRoots()),
            paths(policy.mountRoots()),
            paths(policy.seccomp().listenerRoots()),
            paths(policy.namespaceRoots()),
            host.settings().networks(),
            exposure(policy),
            idMaps);
    Uppers uppers = new Uppers(donor, host.settings().dataDirectory().resolve("uppers"));
    ContainerLogs logs = new ContainerLogs(host);
    NamespaceFiles namespaces = new NamespaceFiles(host, donor, policy, this::all);
    this.filters = new Filters(SeccompCompiler.ofLibrary(host.kernel().files()));
    this.fence = new DeviceFence(host, DevicePrograms.ofKernel(), policy.devicesAtMost());
    Facts facts = new Facts(host, donor, filters);
    Notifications notifications = new Notifications(host, donor);
    this.events =
        new KernelEvents(
            host.journal(), recorder, host.settings().memoryPressure(), System::nanoTime);
    Usage usage = new Usage(sampler.apply(this::sampled), events);
    Exits exits = new Exits(host, recorder, usage, events);
    IdRanges ranges = new IdRanges(policy.autoIds());
    UserNamespaceFiles userNamespaces =
        new UserNamespaceFiles(host, namespaces, bystanders, ranges, policy);
    PlanCache plans = new PlanCache(host.settings().machine());
    Tokens tokens = new Tokens(host.settings().epoch());
    this.networks = new SandboxNetworks(host, host.networks(), policy.networks(), recorder);
    Allotments allotments = new Allotments();
    Updates updates = new Updates(host, recorder, allotments);
    Placing placing = new Placing(host, donor, tokens, plans);
    SandboxBirth sandboxBirth =
        new SandboxBirth(
            host,
            ranges,
            donor,
            namespaces,
            holders,
            facts,
            recorder,
            plans,
            placing,
            networks,
            named);
    this.pool =
        new SandboxPool(
            host.settings().parked(),
            host.kernel(),
            host.workers(),
            sandboxBirth::parkOne,
            sandboxBirth::discardOne);
    this.sandboxes =
        new Sandboxes(
            host,
            sandboxBirth,
            pool,
            holders,
            ranges,
            recorder,
            exits,
            usage,
            events,
            networks,
            named,
            updates,
            allotments,
            policy);
    Execs execs =
        new Execs(
            host,
            donor,
            recorder,
            exits,
            facts,
            notifications,
            plans,
            donations,
            redaction,
            policy.limits());
    HookPoints hooks =
        new HookPoints(
            host,
            recorder,
            new HookTrust(host.kernel(), policy),
            new ContainerHooks(host, donor, execs, tokens),
            redaction,
            policy.limits().hookTimeout());
    PortForwards forwards = new PortForwards(host, recorder, tokens, policy);
    Lives lives =
        new Lives(
            host, recorder, hooks, usage, notifications, uppers, exits, events, forwards, named);
    ContainerBirth birth =
        new ContainerBirth(
            host,
            donor,
            namespaces,
            uppers,
            logs,
            placing,
            hooks,
            exits,
            notifications,
            fence,
            facts,
            named,
            recorder);
    SharedFilters shared = new SharedFilters();
    Scores scores = new Scores(host, recorder);
    Containers containers =
        new Containers(
            host,
            sandboxes,
            birth,
            lives,
            updates,
            execs,
            recorder,
            facts,
            userNamespaces,
            plans,
            tokens,
            donations,
            shared,
            scores,
            allotments,
            policy);
    Leases leases = new Leases(host, containers);
    Findings findings = new Findings();
    this.node =
        new Node(
            sandboxes,
            containers,
            new Views(host.proc()),
            new StatisticsReader(host),
            leases,
            forwards,
            findings,
            recorder,
            host);
    this.recovery =
        new Recovery(
            host,
            sandboxes,
            containers,
            holders,
            exits,
            leases,
            recorder,
            facts,
            uppers,
            logs,
            shared,
            scores,
            findings,
            networks,
            named,
            updates);
  }

  /** Without root, what a container leaves is that user's who runs it, and no other's. */
  private Exposure exposure(GuardPolicy policy) {
    boolean matters = host.settings().powers().hostsRoot() && !policy.exposedRoots();
    if (matters) {
      EmptyRoots.close(paths(policy.rootfsRoots()));
    }
    return new Exposure(host.kernel().files(), !matters);
  }

  private static List<Path> paths(List<String> roots) {
    return roots.stream().map(Path::of).toList();
  }

  private void lost(Sandbox sandbox) {
    sandboxes.lost(sandbox, "init-killed");
  }

  private Collection<Sandbox> all() {
    return sandboxes.all();
  }

  private Collection<SampledSandbox> sampled() {
    return sandboxes.all().stream().map(one -> Usage.of(one, events)).toList();
  }

  /** Takes up what an earlier executor has left. To be called once, before anything is served. */
  public Node recover() {
    host.cgroups().ensure(host.settings().cgroupParent());
    fence.raise();
    donor.devices().open();
    host.workers().execute(filters::prepare);
    recovery.run();
    pool.start();
    return node;
  }

  /** How many sandboxes are there in advance. */
  public int parked() {
    return pool.ready();
  }

  /** What nobody has asked for ends; containers live on. */
  @Override
  public void close() {
    pool.close();
    donor.close();
    idMaps.close();
    networks.close();
  }
}
