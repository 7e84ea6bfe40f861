package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Hooks;
import dev.caisson.proto.types.v1.Namespace;
import java.util.List;

/** How a child of caisson-init becomes the first process of a container. */
public final class ContainerPlan {
  /** Barrier: prestart and createRuntime hooks run. Only there when the specification has some. */
  public static final String CREATE_RUNTIME = "createRuntime";

  /** Barrier: the root is filled, and not entered. Only there when hooks are to run in it. */
  public static final String CREATE_CONTAINER = "createContainer";

  /** Barrier: the program has sent its terminal. Only there when it has one. */
  public static final String TERMINAL = "terminal";

  /** Barrier: the executor sets the clocks. Only there where there are offsets. */
  public static final String TIME_OFFSETS = "timeOffsets";

  /** Barrier: the executor raises limits. Only there where some are above its own. */
  public static final String LIMITS = "limits";

  /** Reported, or a barrier: the container is created. */
  public static final String CREATED = "created";

  /** Awaited where there is no such barrier: the start. */
  public static final String START = "start";

  private static final String ROOT = "root.path";

  private final ContainerSpec spec;
  private final ContainerFacts facts;
  private final Assembly assembly;

  /** Whether the old root is still there when the container is created. */
  private boolean apart;

  private ContainerPlan(ContainerSpec spec, ContainerFacts facts) {
    this.spec = spec;
    this.facts = facts;
    this.assembly = new Assembly(new MountLabel(spec.getMountLabel()));
  }

  /**
   * The program of a container's first process.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if the specification cannot be carried
   *     out; its metadata names the field
   */
  public static Plan compile(ContainerSpec spec, ContainerFacts facts) {
    SpecRules.check(spec, facts.rootContainer());
    Terminal.check(spec.getProcess(), facts.pipes());
    FilterRules.check(spec.getProcess(), spec, facts.filter(), facts.passed());
    return new ContainerPlan(spec, facts).compile();
  }

  /** The devices that a container has by itself: config-linux.md, "Default Devices". */
  public static List<Donation.DeviceTree> devices() {
    return Devices.all();
  }

  private Plan compile() {
    // First of all, while nothing has changed that could make it fail. What follows is thereby
    // already charged to the container.
    facts.cgroup().join(assembly);
    if (Namespaces.ownCgroup(spec)) {
      // Not by clone3(2): the new namespace is rooted at the cgroup where its maker is by now.
      assembly.add(new NamespaceStep.Unshare(List.of(Flag.CLONE_NEWCGROUP)));
    }
    if (Namespaces.ownTime(spec)) {
      assembly.concerns("time_offsets");
      TimeOffsets.enter(assembly, spec.getTimeOffsetsList());
      assembly.concerns("");
    }
    facts.passed().addTo(assembly);
    Labels labels = JoinedMounts.of(spec).map(this::enterMounts).orElseGet(this::makeMounts);
    nameSandbox();
    if (!facts.limits().raisedBy(spec.getProcess()).isEmpty()) {
      assembly.add(new Step.Barrier(LIMITS));
    }
    awaitStart();
    var attributes = new ProcessAttributes(spec.getProcess(), spec, false, labels);
    new ProcessTail(
            attributes, facts.pipes(), facts.lastCapability(), facts.filter(), facts.groups())
        .given(facts.passed())
        .addTo(assembly);
    return assembly.plan(Namespaces.bornWith(spec), Namespaces.bornInto(spec));
  }

  /**
   * Letting the old root go takes a grace period of the kernel's, for which nobody waits who does
   * not look at the container's mounts before its start.
   */
  private void awaitStart() {
    if (apart) {
      assembly.add(new Step.Report(CREATED));
      assembly.add(new MountStep.DetachHere());
      assembly.add(new Step.Await(START));
    } else {
      assembly.add(new Step.Barrier(CREATED));
    }
  }

  private Labels makeMounts() {
    assembly.add(new MountStep.MakePrivate());
    Sysctls.set(assembly, spec);
    // What no field asks for, each root filesystem must be able to take.
    assembly.concerns(ROOT);
    boolean hooked = spec.getHooks().getCreateContainerCount() > 0;
    if (hooked) {
      showHost();
    }
    Descriptor root = RootMount.attach(assembly, spec, facts, hooked);
    fillRoot(new Targets(assembly, root), root);
    assembly.concerns("");
    awaitRuntimeHooks();
    if (hooked) {
      assembly.add(new Step.Barrier(CREATE_CONTAINER));
    }
    Labels labels = Labels.open(assembly, spec.getProcess());
    pivot(root, hooked);
    return labels;
  }

  /**
   * Hooks of the host's that run in the container's namespaces find everything where the host has
   * it, the container's root included.
   */
  private void showHost() {
    Donated host = assembly.donate(new Donation.HostTree());
    Slot place =
        assembly.openTrusted(SandboxPlan.HOST, Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    assembly.add(new MountStep.Attach(host, place, "the host's mounts", SandboxPlan.HOST));
    assembly.release(place);
  }

  private Labels enterMounts(Donation.NamespaceFile namespace) {
    awaitRuntimeHooks();
    Labels labels = Labels.open(assembly, spec.getProcess());
    JoinedMounts.enter(assembly, namespace);
    ExecPlan.prepare(assembly, spec.getProcess());
    return labels;
  }

  private void awaitRuntimeHooks() {
    if (hasRuntimeHooks(spec.getHooks())) {
      assembly.add(new Step.Barrier(CREATE_RUNTIME));
    }
  }

  /** The UTS namespace is the sandbox's: its root container says what it is called. */
  private void nameSandbox() {
    assembly.concerns("hostname");
    if (facts.rootContainer() && !spec.getHostname().isEmpty()) {
      assembly.add(new NamespaceStep.SetHostname(spec.getHostname()));
    }
    assembly.concerns("domainname");
    if (facts.rootContainer() && !spec.getDomainname().isEmpty()) {
      assembly.add(new NamespaceStep.SetDomainname(spec.getDomainname()));
    }
    assembly.concerns("");
  }

  private static boolean hasRuntimeHooks(Hooks hooks) {
    return hooks.getPrestartCount() + hooks.getCreateRuntimeCount() > 0;
  }

  private void fillRoot(Targets targets, Descriptor root) {
    MountTable.Known known =
        new MountTable.Known(facts.fileSources(), facts.directories(), RootMount.propagation(spec));
    List<PlannedMount> table = MountTable.of(spec.getMountsList(), known);
    boolean ownCgroup = Namespaces.ownCgroup(spec);
    if (facts.foreign().contains(Namespace.Type.CGROUP) && !ownCgroup) {
      MountTable.refuseCgroups(table);
    }
    Mounting mounting = new Mounting(assembly, targets, facts.cgroup(), ownCgroup, facts.foreign());
    MountFields fields = MountFields.of(spec.getMountsList());
    for (PlannedMount mount : table) {
      assembly.concerns(fields.next(mount.destination()).orElse(ROOT));
      mounting.mount(mount);
    }
    assembly.concerns(ROOT);
    mounting.mountNames(table, facts.nameFiles());
    if (MountTable.hasOwnDev(table)) {
      Devices.fill(assembly, targets);
    }
    Devices.add(assembly, targets, spec.getDevicesList());
    if (spec.getProcess().getTerminal()) {
      assembly.concerns("process.terminal");
      new Terminal(assembly, targets, spec.getProcess()).openWithConsole();
    }
    // Made now: later the root may be read-only.
    assembly.concerns(ProcessTail.DIRECTORY);
    targets.makeDirectories(ProcessTail.directory(spec.getProcess()));
    Masks.cover(assembly, targets, spec.getMaskedPathsList(), spec.getReadonlyPathsList());
    assembly.concerns("root.readonly");
    if (spec.getRoot().getReadonly()) {
      assembly.add(new MountStep.MakeReadonly(root, false, "/"));
    }
  }

  /**
   * The process stays in the old root, which nothing reaches any more: only when it has entered its
   * working directory does it stand in the new one. See {@link ProcessTail}.
   */
  private void pivot(Descriptor root, boolean hooked) {
    Slot old = assembly.openTrusted("/", Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    assembly.add(new ProcessStep.EnterDirectory(root, "the root filesystem"));
    assembly.add(new MountStep.PivotRoot());
    assembly.add(new ProcessStep.EnterDirectory(old, "the old root"));
    if (hooked) {
      // The process stands in the old root until it is started: others could look there.
      assembly.add(new MountStep.Detach(Paths.relative(SandboxPlan.HOST)));
    }
    assembly.release(old);
    apart = spec.getHooks().getStartContainerCount() == 0;
    if (!apart) {
      assembly.add(new MountStep.DetachHere());
    }
  }
}
