package dev.caisson.executor.plan;

import dev.caisson.executor.plan.Argument.Descriptor;
import dev.caisson.executor.plan.Argument.Donated;
import dev.caisson.executor.plan.Argument.Slot;
import dev.caisson.proto.types.v1.Namespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How caisson-init's second process becomes a sandbox: the holder of its namespaces, in a root of
 * its own in which nothing of the host is left. It executes nothing, so every descriptor is closed.
 */
public final class SandboxPlan {
  /** Barrier: the executor writes the id maps of the new user namespace. */
  public static final String MAPS = "maps";

  /** Where a container finds a place for its root, in the sandbox's root. */
  static final String ROOTFS = "/rootfs";

  /** Where a container finds places for the layers of its overlays. */
  static final String LOWER = "/lower";

  static final String UPPER = "/upper";

  /** Where hooks of a container that is being made find the host. */
  static final String HOST = "/host";

  /**
   * Which holds a mount for each volume that the containers share. Only there where there are some.
   */
  static final String VOLUMES = "/volumes";

  /** Places for what masked paths are covered with. */
  static final String EMPTY = "/empty";

  static final String NULL = "/null";

  private static final List<Flag> SAFE =
      List.of(Flag.MOUNT_ATTR_NOSUID, Flag.MOUNT_ATTR_NODEV, Flag.MOUNT_ATTR_NOEXEC);
  private static final int DIRECTORY_MODE = 0755;

  /** Of the sandbox's root, without volumes. */
  private static final int INODES = 16;

  /** In the order in which the flags are shown. */
  private static final Map<Namespace.Type, Flag> SHARED =
      new TreeMap<>(
          Map.of(
              Namespace.Type.UTS, Flag.CLONE_NEWUTS,
              Namespace.Type.IPC, Flag.CLONE_NEWIPC,
              Namespace.Type.NETWORK, Flag.CLONE_NEWNET));

  private final SandboxFacts facts;
  private final Assembly assembly = new Assembly();

  private SandboxPlan(SandboxFacts facts) {
    this.facts = facts;
  }

  /** The program of BECOME. */
  public static Plan compile(SandboxFacts facts) {
    Hostnames.check("hostname", facts.hostname());
    Hostnames.checkOptional("domainname", facts.domainname());
    return new SandboxPlan(facts).compile();
  }

  /** The program of a process that only has a user namespace, until its maps are written. */
  public static Plan ofMaps() {
    Assembly assembly = new Assembly();
    assembly.add(new Step.Barrier(MAPS));
    return assembly.plan(List.of(Flag.CLONE_NEWUSER));
  }

  /** The program of a process that stands in somebody else's user namespace, to be looked at. */
  public static Plan inUsers(String path) {
    Assembly assembly = new Assembly();
    var users = assembly.donate(new Donation.NamespaceFile(Namespace.Type.USER, path));
    assembly.add(new NamespaceStep.Join(users, List.of(Flag.CLONE_NEWUSER)));
    assembly.add(new Step.Barrier(MAPS));
    return assembly.plan(List.of());
  }

  private Plan compile() {
    if (facts.ownUsers()) {
      assembly.add(new Step.Barrier(MAPS));
    }
    facts.cgroup().join(assembly);
    closeDonated();
    if (facts.userNamespace()) {
      becomeRoot();
    }
    leaveHost();
    if (facts.shared().has(Namespace.Type.NETWORK)) {
      bringUpLoopback();
    }
    if (facts.shared().has(Namespace.Type.UTS)) {
      setNames();
    }
    return assembly.plan(namespaces(), facts.shared().joined());
  }

  private List<Flag> namespaces() {
    List<Flag> flags = new ArrayList<>();
    if (facts.ownUsers()) {
      flags.add(Flag.CLONE_NEWUSER);
    }
    flags.addAll(List.of(Flag.CLONE_NEWPID, Flag.CLONE_NEWNS));
    SHARED.forEach((type, flag) -> {
      if (facts.shared().has(type)) {
        flags.add(flag);
      }
    });
    return flags;
  }

  private void closeDonated() {
    for (int i = 0; i < facts.cgroup().v1().size(); i++) {
      Donation procs = new Donation.CgroupEntry(facts.cgroup().v1().get(i));
      assembly.add(new FileStep.Close(new Donated(i, procs.name())));
    }
  }

  /** Of the user namespace: until now the process has the ids that the maps do not mention. */
  private void becomeRoot() {
    if (facts.groups()) {
      assembly.add(new IdentityStep.SetGroups(List.of()));
    }
    assembly.add(new IdentityStep.SetGroupId(0));
    assembly.add(new IdentityStep.SetUserId(0));
  }

  private void leaveHost() {
    assembly.add(new MountStep.MakePrivate());
    List<Volumes.Kept> volumes = Volumes.kept(facts.volumes());
    List<MountOption> small =
        List.of(
            MountOption.parse("mode=755"),
            MountOption.parse("size=64k"),
            MountOption.parse("nr_inodes=" + (INODES + volumes.size())));
    Slot root = new NewFilesystem("tmpfs", small, SAFE, "/").make(assembly);
    // The kernel mounts these in a user namespace only where they can be seen already, which they
    // can here as long as the host's mounts are there, and for the containers because of these.
    Slot proc = new NewFilesystem("proc", List.of(), SAFE, "/proc").make(assembly);
    attachRoot(root);
    attach(root, proc, "proc");
    attach(root, sysfs(), "sys");
    makePlaces(root);
    if (!volumes.isEmpty()) {
      makeVolumes(root, volumes);
    }
    assembly.add(new MountStep.MakeReadonly(root, false, "/"));
    enter(root);
  }

  private Descriptor sysfs() {
    return facts.foreignSysfs()
        ? assembly.donate(new Donation.SysTree())
        : new NewFilesystem("sysfs", List.of(), SAFE, "/sys").make(assembly);
  }

  /** A mount must be attached to be mounted upon; /proc is there on every host. */
  private void attachRoot(Slot root) {
    Slot anywhere = assembly.openTrusted("/proc", Flag.O_PATH, Flag.O_DIRECTORY, Flag.O_CLOEXEC);
    assembly.add(new MountStep.Attach(root, anywhere, "tmpfs", "/"));
    assembly.release(anywhere);
  }

  private void attach(Slot root, Descriptor mount, String name) {
    String path = "/" + name;
    assembly.add(new FileStep.MakeDirectory(root, name, DIRECTORY_MODE, path));
    Slot target = new Targets(assembly, root).openDirectory(path);
    assembly.add(new MountStep.Attach(mount, target, name, path));
    assembly.release(target);
    if (mount instanceof Slot slot) {
      assembly.release(slot);
    } else {
      assembly.add(new FileStep.Close(mount));
    }
  }

  private void makePlaces(Slot root) {
    for (String directory : List.of(ROOTFS, LOWER, UPPER, EMPTY, HOST)) {
      String name = Paths.name(directory);
      assembly.add(new FileStep.MakeDirectory(root, name, DIRECTORY_MODE, directory));
    }
    assembly.add(new FileStep.MakeFile(root, Paths.name(NULL), NULL));
  }

  private void makeVolumes(Slot root, List<Volumes.Kept> volumes) {
    String directory = Paths.name(VOLUMES);
    assembly.add(new FileStep.MakeDirectory(root, directory, DIRECTORY_MODE, VOLUMES));
    for (Volumes.Kept volume : volumes) {
      assembly.concerns(volume.field());
      Slot mount = volume.filesystem().make(assembly);
      attach(root, mount, Paths.relative(volume.filesystem().on()));
    }
    assembly.concerns("");
  }

  private void enter(Slot root) {
    assembly.add(new ProcessStep.EnterDirectory(root, "the sandbox's root"));
    assembly.add(new MountStep.PivotRoot());
    assembly.add(new MountStep.DetachHere());
    assembly.add(new ProcessStep.ChangeDirectory("/"));
    assembly.release(root);
  }

  private void bringUpLoopback() {
    Slot socket = assembly.fill(NamespaceStep.OpenSocket::new);
    assembly.add(new NamespaceStep.LoopbackUp(socket));
    assembly.release(socket);
  }

  private void setNames() {
    assembly.add(new NamespaceStep.SetHostname(facts.hostname()));
    if (!facts.domainname().isEmpty()) {
      assembly.add(new NamespaceStep.SetDomainname(facts.domainname()));
    }
  }
}
