package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.plan.ContainerFacts;
import dev.caisson.executor.plan.DirectoryFacts;
import dev.caisson.executor.plan.Donation;
import dev.caisson.executor.plan.IdMap;
import dev.caisson.executor.procfs.TrustedProc;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.FileStatus;
import dev.caisson.linux.FileType;
import dev.caisson.linux.Images;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.MountAttributes;
import dev.caisson.linux.MountFlag;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Resolve;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Mount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Opens what a program is given: every path that comes from a spec is resolved here, once, beneath
 * a root that the guard allows, and checked on the descriptor.
 *
 * <p>Thread-safe.
 */
final class Donor implements AutoCloseable {
  /** Links inside an allowed root are followed as long as they do not lead out of it. */
  private static final Set<Resolve> BENEATH = EnumSet.of(Resolve.BENEATH, Resolve.NO_MAGIC_LINKS);

  private static final Set<MountFlag> SYSFS =
      EnumSet.of(MountFlag.READ_ONLY, MountFlag.NO_SUID, MountFlag.NO_DEVICES, MountFlag.NO_EXEC);

  private static final Set<Resolve> IN_ROOT = EnumSet.of(Resolve.IN_ROOT, Resolve.NO_MAGIC_LINKS);

  private final Kernel kernel;
  private final TrustedProc proc;
  private final Images images;
  private final List<Path> rootfsRoots;
  private final List<Path> mountRoots;
  private final List<Path> listenerRoots;
  private final List<Path> namespaceRoots;
  private final Path networks;
  private final Exposure exposure;
  private final IdMaps idMaps;
  private final DeviceNodes devices;

  /**
   * @param rootfsRoots directories below which root filesystems may lie
   * @param mountRoots the same for the sources of bind mounts
   * @param listenerRoots the same for sockets of those who answer system calls
   * @param namespaceRoots the same for namespaces to be joined
   * @param networks which holds the files by which sandboxes in networks know names
   * @param exposure of what containers can write
   */
  Donor(
      Kernel kernel,
      TrustedProc proc,
      List<Path> rootfsRoots,
      List<Path> mountRoots,
      List<Path> listenerRoots,
      List<Path> namespaceRoots,
      Path networks,
      Exposure exposure,
      IdMaps idMaps) {
    this.kernel = kernel;
    this.proc = proc;
    this.devices = new DeviceNodes(kernel);
    this.images = new Images(kernel);
    this.networks = networks;
    this.exposure = exposure;
    this.idMaps = idMaps;
    this.rootfsRoots = List.copyOf(rootfsRoots);
    this.mountRoots = List.copyOf(mountRoots);
    this.listenerRoots = List.copyOf(listenerRoots);
    this.namespaceRoots = List.copyOf(namespaceRoots);
  }

  /**
   * What the descriptors are taken from.
   *
   * @param userNamespace of the sandbox; absent where it has the host's
   * @param uids its map, empty where it has the host's
   * @param cgroup which the process joins
   * @param stdio the inside ends of pipes: stdin, stdout, stderr; or where a terminal is sent to;
   *     given away with the program
   * @param home where the program reads its home directory; given away too
   * @param containerProcess whose namespaces an exec enters
   * @param listener the program's end of the socket for its filter's listener
   * @param network namespace that a sandbox joins
   * @param init caisson-init, whose namespaces are the sandbox's
   * @param upper the directory for what the container writes; absent where it needs none
   * @param mounts the mount namespace of another container that it joins
   * @param host all that the host has mounted, for hooks of the container's creation
   * @param given what a local caller gives
   * @param sandbox its uid; absent of a program that is none of a container's
   */
  record Sources(
      Optional<Fd> userNamespace,
      List<IdMapping> uids,
      List<IdMapping> gids,
      Cgroup cgroup,
      List<Fd> stdio,
      Optional<Fd> home,
      Optional<Fd> containerProcess,
      Optional<Fd> listener,
      Optional<Fd> network,
      Optional<Fd> init,
      Optional<Fd> upper,
      Optional<Fd> mounts,
      Optional<Fd> host,
      Given given,
      Optional<String> sandbox) {

    /** Of a program that gets its cgroup and nothing else. */
    static Sources ofSandbox(Cgroup cgroup) {
      return ofSandbox(cgroup, Optional.empty());
    }

    /**
     * Of a sandbox's program.
     *
     * @param network that it joins
     */
    static Sources ofSandbox(Cgroup cgroup, Optional<Fd> network) {
      return new Sources(
          Optional.empty(),
          List.of(),
          List.of(),
          cgroup,
          List.of(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          network,
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Given.none(),
          Optional.empty());
    }

    static Sources of(
        Sandbox sandbox,
        Cgroup cgroup,
        List<Fd> stdio,
        Optional<Fd> home,
        Optional<Fd> containerProcess,
        Optional<Fd> listener) {
      return new Sources(
          sandbox.requireHolder().userNamespace(),
          sandbox.record().getUidMappingsList(),
          sandbox.record().getGidMappingsList(),
          cgroup,
          stdio,
          home,
          containerProcess,
          listener,
          Optional.empty(),
          Optional.of(sandbox.requireHolder().pidfd()),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Given.none(),
          Optional.of(sandbox.uid()));
    }

    /** What a container is made with; of an exec the last alone. */
    Sources with(
        Optional<Fd> directory,
        Optional<Fd> mountNamespace,
        Optional<Fd> hostTree,
        Given descriptors) {
      return new Sources(
          userNamespace,
          uids,
          gids,
          cgroup,
          stdio,
          home,
          containerProcess,
          listener,
          network,
          init,
          directory,
          mountNamespace,
          hostTree,
          descriptors,
          sandbox);
    }
  }

  /**
   * The sources of bind mounts that are files. What is not there is found out when it is opened.
   */
  Set<String> fileSources(List<Mount> mounts) {
    Set<String> files = new HashSet<>();
    for (Mount mount : mounts) {
      if (!mount.getSource().isEmpty() && isBind(mount) && isFile(mount.getSource())) {
        files.add(mount.getSource());
      }
    }
    return files;
  }

  private static boolean isBind(Mount mount) {
    return mount.getType().equals("bind")
        || mount.getOptionsList().contains("bind")
        || mount.getOptionsList().contains("rbind");
  }

  private boolean isFile(String source) {
    try (Fd file = beneath(mountRoots, Path.of(source), "mounts.source", OpenFlag.PATH)) {
      return kernel.files().status(file).type() != FileType.DIRECTORY;
    } catch (LinuxException | RefusedException e) {
      return false;
    }
  }

  /**
   * What a plan depends on of the directories in a root filesystem. What is not there, or must not
   * be looked at, is found out when it is opened.
   */
  Map<String, DirectoryFacts> directories(ContainerSpec spec) {
    List<String> wanted = ContainerFacts.directoriesOf(spec);
    if (wanted.isEmpty()) {
      return Map.of();
    }
    Map<String, DirectoryFacts> found = new HashMap<>();
    Path path = Path.of(spec.getRoot().getPath());
    try (Fd root = beneath(rootfsRoots, path, "root.path", OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      wanted.forEach(name -> directory(root, name).ifPresent(facts -> found.put(name, facts)));
    } catch (LinuxException | RefusedException e) {
      return Map.of();
    }
    return found;
  }

  private Optional<DirectoryFacts> directory(Fd root, String path) {
    try (Fd directory =
        kernel.files().openIn(root, path, IN_ROOT, OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      FileStatus status = kernel.files().status(directory);
      return Optional.of(new DirectoryFacts(status.mode(), status.uid(), status.gid()));
    } catch (LinuxException e) {
      return Optional.empty();
    }
  }

  /** A directory in which one is made for what a container writes. */
  Fd upperParent(Path directory) {
    return beneath(rootfsRoots, directory, "root.overlay", OpenFlag.PATH, OpenFlag.DIRECTORY);
  }

  /** The receiver closes them. Nothing stays open when one fails. */
  List<Fd> open(List<Donation> donations, Sources sources) {
    List<Fd> opened = new ArrayList<>();
    try {
      for (Donation donation : donations) {
        opened.add(open(donation, sources));
      }
      return opened;
    } catch (RuntimeException e) {
      opened.forEach(Fd::close);
      throw e;
    }
  }

  private Fd open(Donation donation, Sources sources) {
    return switch (donation) {
      case Donation.RootTree root -> rootTree(root, sources.userNamespace());
      case Donation.RootImage image -> rootImage(image, sources.userNamespace());
      case Donation.UpperTree upper -> upperTree(upper, sources);
      case Donation.BindTree bind -> bindTree(bind, sources);
      case Donation.DeviceTree device -> devices.copy(device);
      case Donation.HostDevice device -> devices.copy(device);
      case Donation.CgroupEntry join -> cgroupEntry(join, sources.cgroup());
      case Donation.CgroupTree tree -> cgroupTree(tree, sources.cgroup());
      case Donation.Stdio stdio -> stdio(stdio, sources);
      case Donation.Given one -> sources.given().further(one.name()).orElseThrow().duplicate();
      case Donation.TerminalSocket _ -> sources.stdio().getFirst();
      case Donation.Home _ -> sources.home().orElseThrow();
      case Donation.ContainerProcess process ->
          sources.containerProcess().orElseThrow().duplicate();
      case Donation.ListenerSocket _ -> sources.listener().orElseThrow();
      case Donation.SysTree _ -> sysTree(sources.network());
      case Donation.HostTree _ -> sources.host().orElseThrow().duplicate();
      case Donation.HostDirectory place ->
          hostDirectory(sources.host().orElseThrow(), place.path());
      case Donation.ContainerNamespace one ->
          proc.namespace(sources.containerProcess().orElseThrow(), one.word());
      case Donation.NameFile file -> nameFile(file, sources.sandbox().orElseThrow());
      case Donation.NamespaceFile _ -> sources.mounts().orElseThrow().duplicate();
      case Donation.Queues queues ->
          kernel
              .mounts()
              .mqueueOf(sources.init().orElseThrow(), Attributes.of(queues.attributes()));
    };
  }

  /** All that the host has mounted. The receiver closes it. */
  Fd hostTree() {
    Path path = Path.of("/");
    try (Fd root = kernel.files().open(path, OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      Fd tree = kernel.mounts().cloneTree(root, true);
      return configured(
          tree, MountAttributes.NONE, Optional.empty(), true, "hooks.create_container", path);
    }
  }

  /**
   * What is there now: a place, or the root that is attached in it. Not by links: who may write to
   * the allowed roots could have the container's root laid over a program of the host's.
   */
  private Fd hostDirectory(Fd tree, String path) {
    try {
      return kernel
          .files()
          .openIn(
              tree,
              path.substring(1),
              EnumSet.of(Resolve.IN_ROOT, Resolve.NO_SYMLINKS),
              OpenFlag.PATH,
              OpenFlag.DIRECTORY);
    } catch (LinuxException e) {
      if (e.errno() == Errno.ELOOP) {
        throw Refusal.invalid(
                "root.path", "lead through no link where createContainer hooks look for it", path)
            .exception();
      }
      throw notThere(e, Reason.ROOTFS_NOT_FOUND, "root.path", Path.of(path), "a directory");
    }
  }

  /** The host's, where the sandbox has the host's network. */
  private Fd sysTree(Optional<Fd> network) {
    return network
        .map(namespace -> kernel.mounts().sysfsOf(namespace, SYSFS))
        .orElseGet(() -> kernel.mounts().filesystem("sysfs", Map.of(), SYSFS));
  }

  /** The file of a namespace, below a directory that the guard allows. */
  Fd namespaceFile(String path) {
    return beneath(namespaceRoots, Path.of(path), "namespaces.path", OpenFlag.READ_ONLY);
  }

  private Fd rootTree(Donation.RootTree root, Optional<Fd> userNamespace) {
    Path path = Path.of(root.path());
    try (Fd directory =
        beneath(rootfsRoots, path, "root.path", OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      if (root.writable()) {
        exposure.refuse(directory, "root.path", path);
      }
      Fd tree = kernel.mounts().cloneTree(directory, root.recursive());
      return configured(
          tree,
          Attributes.of(root.attributes()),
          userNamespace,
          root.recursive(),
          "root.path",
          path);
    } catch (LinuxException e) {
      throw notThere(e, Reason.ROOTFS_NOT_FOUND, "root.path", path, "a directory");
    }
  }

  /** The kernel parses what somebody else has written: only where the guard allows that. */
  private Fd rootImage(Donation.RootImage image, Optional<Fd> userNamespace) {
    Path path = Path.of(image.path());
    try (Fd place = beneath(rootfsRoots, path, "root.path", OpenFlag.PATH)) {
      if (kernel.files().status(place).type() != FileType.REGULAR) {
        throw Refusal.invalid("root.path", "be a regular file, the image", path).exception();
      }
      try (Fd file = kernel.files().open(place.path(), OpenFlag.READ_ONLY)) {
        Fd tree = images.filesystem("erofs", file, Set.of());
        return configured(
            tree, Attributes.of(image.attributes()), userNamespace, false, "root.path", path);
      }
    } catch (LinuxException e) {
      if (e.errno() == Errno.EINVAL) {
        throw Refusal.invalid("root.path", "be an EROFS image", path).exception();
      }
      if (e.errno() == Errno.EPERM) {
        throw withoutRoot("root.path", "be mounted as an image");
      }
      throw notThere(e, Reason.ROOTFS_NOT_FOUND, "root.path", path, "a file");
    }
  }

  private Fd upperTree(Donation.UpperTree upper, Sources sources) {
    return configured(
        kernel.mounts().cloneTree(sources.upper().orElseThrow(), false),
        Attributes.of(upper.attributes()),
        sources.userNamespace(),
        false,
        "root.overlay",
        Path.of(upper.directory()));
  }

  /** Of the executor's own, in a directory that nobody else can write to. */
  private Fd nameFile(Donation.NameFile file, String sandbox) {
    Path path = networks.resolve(sandbox).resolve(file.file());
    try (Fd opened = kernel.files().open(path, OpenFlag.PATH)) {
      return configured(
          kernel.mounts().cloneTree(opened, false),
          Attributes.of(file.attributes()),
          Optional.empty(),
          false,
          "network",
          path);
    }
  }

  private Fd bindTree(Donation.BindTree bind, Sources sources) {
    Path path = Path.of(bind.source());
    try (Fd source = beneath(mountRoots, path, "mounts.source", OpenFlag.PATH)) {
      MountAttributes attributes = Attributes.of(bind.attributes());
      if (!attributes.set().contains(MountFlag.READ_ONLY)) {
        exposure.refuse(source, "mounts.source", path);
      }
      Fd tree = kernel.mounts().cloneTree(source, bind.recursive());
      if (bind.idMap().isEmpty() || !bind.idMap().get().isExplicit()) {
        return configured(
            tree,
            attributes,
            sandboxMap(tree, bind, sources),
            bind.recursive(),
            "mounts.source",
            path);
      }
      Fd unmapped =
          configured(tree, attributes, Optional.empty(), bind.recursive(), "mounts.source", path);
      return mapped(unmapped, bind, bind.idMap().get(), sources);
    } catch (LinuxException e) {
      throw notThere(e, Reason.INVALID_SPEC, "mounts.source", path, "there");
    }
  }

  private static Optional<Fd> sandboxMap(Fd tree, Donation.BindTree bind, Sources sources) {
    if (bind.idMap().isPresent() && sources.userNamespace().isEmpty()) {
      tree.close();
      throw Refusal.invalid(
              "mounts.uid_mappings", "be given where the sandbox has no maps of its own", "none")
          .exception();
    }
    return sources.userNamespace();
  }

  private Fd mapped(Fd tree, Donation.BindTree bind, IdMap map, Sources sources) {
    boolean whole = bind.recursive() && map.extent() == IdMap.Extent.TREE;
    try (Fd namespace =
        idMaps.namespace(
            IdMaps.onHost("mounts.uid_mappings", map.uids(), sources.uids()),
            IdMaps.onHost("mounts.gid_mappings", map.gids(), sources.gids()))) {
      return configured(
          tree,
          MountAttributes.NONE,
          Optional.of(namespace),
          whole,
          "mounts.source",
          Path.of(bind.source()));
    } catch (RuntimeException e) {
      tree.close();
      throw e;
    }
  }

  private Fd configured(
      Fd tree,
      MountAttributes attributes,
      Optional<Fd> userNamespace,
      boolean recursive,
      String field,
      Path path) {
    try {
      MountAttributes all = userNamespace.map(attributes::idMappedBy).orElse(attributes);
      kernel.mounts().setAttributes(tree, all, recursive);
      return tree;
    } catch (LinuxException e) {
      tree.close();
      if (userNamespace.isPresent() && e.errno() == Errno.EINVAL) {
        throw notMappable(field, path);
      }
      if (userNamespace.isPresent() && e.errno() == Errno.EPERM) {
        throw withoutRoot(field, "be id-mapped");
      }
      throw e;
    }
  }

  /** What the kernel lets root of the host do, and no root of a user namespace. */
  private static RefusedException withoutRoot(String field, String what) {
    return Refusal.hostLacks(
            field,
            field
                + " cannot "
                + what
                + " by an executor without root: leave that out, or ask one"
                + " that is the host's root.")
        .exception();
  }

  private static RefusedException notMappable(String field, Path path) {
    return Refusal.hostLacks(
            field,
            field
                + " is on a filesystem that cannot be id-mapped: "
                + path
                + ". Of an overlay, give a directory on the filesystem below it; or ask for the"
                + " host's user namespace, if the guard allows that.")
        .exception();
  }

  /** A path below one of the roots, resolved so that no link leads out of that root. */
  private Fd beneath(List<Path> roots, Path path, String field, OpenFlag... flags) {
    Path root =
        roots.stream()
            .filter(path::startsWith)
            .findFirst()
            .orElseThrow(() ->
                Refusal.guard(field, field + " must lie below an allowed directory: " + path)
                    .exception());
    Path rest = root.relativize(path);
    try (Fd directory = kernel.files().open(root, OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      String name = rest.toString().isEmpty() ? "." : rest.toString();
      return kernel.files().openIn(directory, name, BENEATH, flags);
    } catch (LinuxException e) {
      if (e.errno() == Errno.EXDEV) {
        throw Refusal.guard(
                field, field + " must not lead out of its allowed directory by a link: " + path)
            .exception();
      }
      throw e;
    }
  }

  /**
   * A socket of somebody who answers system calls: where its path leads, not what is there later.
   */
  Fd listenerSocket(String path) {
    String field = "seccomp.listener_path";
    try (Fd found = beneath(listenerRoots, Path.of(path), field, OpenFlag.PATH)) {
      if (kernel.files().status(found).type() != FileType.SOCKET) {
        throw Refusal.invalid(field, "be a socket", path).exception();
      }
      return found.duplicate();
    } catch (LinuxException e) {
      throw notThere(e, Reason.INVALID_SPEC, field, Path.of(path), "there");
    }
  }

  private static RuntimeException notThere(
      LinuxException e, Reason reason, String field, Path path, String what) {
    return switch (e.errno()) {
      case ENOENT, ENOTDIR ->
          new Refusal(reason, field + " must be " + what + ": " + path, Map.of("field", field))
              .exception();
      default -> e;
    };
  }

  /** Of the host, all of which is copied without following anything. */
  DeviceNodes devices() {
    return devices;
  }

  @Override
  public void close() {
    devices.close();
  }

  private Fd cgroupEntry(Donation.CgroupEntry join, Cgroup cgroup) {
    Path file = directory(join.hierarchy(), cgroup).resolve(join.file());
    return kernel.files().open(file, OpenFlag.WRITE_ONLY);
  }

  private static Path directory(String hierarchy, Cgroup cgroup) {
    return hierarchy.equals(Donation.CgroupEntry.UNIFIED)
        ? cgroup.birthDirectory().orElseThrow()
        : cgroup.joins().stream()
            .filter(candidate -> candidate.hierarchy().equals(hierarchy))
            .findFirst()
            .orElseThrow()
            .directory();
  }

  private Fd cgroupTree(Donation.CgroupTree wanted, Cgroup cgroup) {
    Path directory = directory(wanted.hierarchy(), cgroup);
    try (Fd at = kernel.files().open(directory, OpenFlag.PATH, OpenFlag.DIRECTORY)) {
      MountAttributes exactly = Attributes.exactly(wanted.attributes());
      Fd tree = kernel.mounts().cloneTree(at, false);
      return configured(tree, exactly, Optional.empty(), false, "mounts", directory);
    }
  }

  private Fd stdio(Donation.Stdio stdio, Sources sources) {
    Fd end = sources.stdio().get(number(stdio.stream()));
    if (stdio.given() && !sources.given().isOwnPipe(stdio.name())) {
      return end; // what is somebody else's stays that
    }
    kernel
        .files()
        .setOwner(end, host(sources.uids(), stdio.uid()), host(sources.gids(), stdio.gid()));
    return end;
  }

  private static int number(Donation.Stream stream) {
    return switch (stream) {
      case STDIN -> 0;
      case STDOUT -> 1;
      case STDERR -> 2;
    };
  }

  /** An id of the container as the host sees it. */
  private static int host(List<IdMapping> mappings, int id) {
    if (mappings.isEmpty()) {
      return id;
    }
    return mappings.stream()
        .filter(mapping ->
            Integer.compareUnsigned(id - mapping.getContainerId(), mapping.getSize()) < 0)
        .findFirst()
        .map(mapping -> mapping.getHostId() + (id - mapping.getContainerId()))
        .orElseThrow(() ->
            Refusal.invalid(
                    "process.user", "be mapped in the user namespace", Integer.toUnsignedString(id))
                .exception());
  }
}
