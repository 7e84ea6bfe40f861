package dev.caisson.executor.guard;

import dev.caisson.executor.plan.BindSource;
import dev.caisson.executor.plan.Capability;
import dev.caisson.executor.plan.DeviceList;
import dev.caisson.executor.plan.Paths;
import dev.caisson.executor.plan.RootMount;
import dev.caisson.executor.plan.Scheduling;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.Capabilities;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Mount;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Process;
import dev.caisson.proto.types.v1.RootFilesystem;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** What a container may have of the host. */
final class HostRules {
  /** Of a sandbox's first container; further ones have their sandbox's. */
  private static final List<Namespace.Type> OF_SANDBOX =
      List.of(Namespace.Type.NETWORK, Namespace.Type.IPC, Namespace.Type.UTS);

  private static final List<Namespace.Type> OF_CONTAINER =
      List.of(Namespace.Type.MOUNT, Namespace.Type.CGROUP);

  /** Character devices, buffered or not, block devices, FIFOs. */
  private static final Set<String> DEVICE_TYPES = Set.of("c", "u", "b", "p");

  /** Owners on disk that every sandbox sees as its own. */
  private static final long USUAL_IDS = 1 << 16;

  private HostRules() {}

  static void check(GuardPolicy policy, ContainerSpec spec, boolean root) {
    checkRootfs(policy, spec.getRoot());
    checkMounts(policy, spec);
    checkDevices(policy, spec);
    checkIdMaps(policy, spec.getMountsList());
    checkBundle(policy, spec.getBundle());
    HookRules.check(policy, spec.getHooks());
    checkCapabilities(policy, spec.getProcess().getCapabilities());
    checkScheduling(policy, spec.getProcess());
    checkRlimits(policy, spec.getProcess());
    checkNamespaces(policy, spec, root);
    CgroupRules.checkParent(policy, spec.getCgroupParent());
    CgroupRules.checkPath(policy, spec.getCgroupsPath());
    ResourceRules.check(policy.limits(), spec.getResources());
    ResourceRules.checkPowers(policy, spec.getResources());
    SeccompRules.check(policy.seccomp(), spec);
    if (root) {
      new UserNamespaces(policy).check("spec.user_namespace", spec.getUserNamespace());
    }
    if (!spec.getProcess().getNoNewPrivileges() && !policy.newPrivileges()) {
      throw refused(
          "new-privileges", "On this host every process must have process.no_new_privileges set.");
    }
  }

  private static void checkRootfs(GuardPolicy policy, RootFilesystem root) {
    if (policy.rootfsRoot(Paths.clean("root.path", root.getPath())).isEmpty()) {
      throw refused(
          "rootfs.roots", "The root filesystem is not below a directory that this host allows.");
    }
    if (root.getType() == RootFilesystem.Type.EROFS && !policy.rootfsImages()) {
      throw refused(
          "rootfs.images", "On this host a root filesystem must be a directory, not an image.");
    }
    if (RootMount.upperDirectory(root).filter(d -> policy.rootfsRoot(d).isEmpty()).isPresent()) {
      throw refused(
          "rootfs.roots",
          "What the container writes would not go below a directory that this host allows.");
    }
  }

  private static void checkMounts(GuardPolicy policy, ContainerSpec spec) {
    for (BindSource bind : BindSource.of(spec.getMountsList())) {
      if (policy.mountRoot(bind.source()).isEmpty()) {
        throw refused(
            "mounts.roots", bind.field() + " is not below a directory that this host allows.");
      }
      if (bind.deviceFiles() && !policy.devices()) {
        throw refused("devices", bind.field() + ": this host does not allow the option dev.");
      }
    }
  }

  /** Its nodes and its rules: either alone would let it use a device. */
  private static void checkDevices(GuardPolicy policy, ContainerSpec spec) {
    for (int i = 0; i < spec.getDevicesCount(); i++) {
      String type = spec.getDevices(i).getType();
      Bounds.check(DEVICE_TYPES.contains(type), "devices[" + i + "].type", "be c, u, b or p", type);
    }
    ContainerSpec nodes = spec.toBuilder().clearResources().build();
    Stream.of(DeviceList.of(spec), DeviceList.of(nodes))
        .flatMap(list -> list.beyond(policy.devicesAtMost()).stream())
        .findFirst()
        .ifPresent(device -> {
          throw refused("devices.allowed", "This host does not allow the device " + device + ".");
        });
  }

  /** Owners on disk which the map of a sandbox leaves out are nobody's, unless they are lent. */
  private static void checkIdMaps(GuardPolicy policy, List<Mount> mounts) {
    for (Mount mount : mounts) {
      Stream.concat(mount.getUidMappingsList().stream(), mount.getGidMappingsList().stream())
          .filter(mapping -> !isLent(policy, mapping))
          .findFirst()
          .ifPresent(mapping -> {
            throw refused(
                "user-namespace.mapped-ids",
                "The map of a mount names owners above 65535 that this host does not lend.");
          });
    }
  }

  private static boolean isLent(GuardPolicy policy, IdMapping mapping) {
    long first = Integer.toUnsignedLong(mapping.getContainerId());
    long size = Integer.toUnsignedLong(mapping.getSize());
    return first + size <= USUAL_IDS || policy.lends(first, size);
  }

  private static void checkBundle(GuardPolicy policy, String bundle) {
    if (!bundle.isEmpty() && policy.bundleRoot(Paths.clean("bundle", bundle)).isEmpty()) {
      throw refused("bundles.roots", "The bundle is not below a directory that this host allows.");
    }
  }

  static void checkCapabilities(GuardPolicy policy, Capabilities capabilities) {
    checkCapabilities(policy, "bounding", capabilities.getBoundingList());
    checkCapabilities(policy, "effective", capabilities.getEffectiveList());
    checkCapabilities(policy, "inheritable", capabilities.getInheritableList());
    checkCapabilities(policy, "permitted", capabilities.getPermittedList());
    checkCapabilities(policy, "ambient", capabilities.getAmbientList());
  }

  private static void checkCapabilities(GuardPolicy policy, String set, List<String> names) {
    for (String name : names) {
      Bounds.check(
          Capability.known(name),
          "process.capabilities." + set,
          "name capabilities that are known, as in CAP_CHOWN",
          name);
      if (!policy.capabilities().contains(name)) {
        throw refused("capabilities", "This host does not allow the capability " + name + ".");
      }
    }
  }

  static void checkScheduling(GuardPolicy policy, Process process) {
    Scheduling.realTime(process)
        .or(() -> Scheduling.realTimeLater(process))
        .filter(field -> !policy.realTime())
        .ifPresent(field -> {
          throw refused(
              "scheduling.realtime",
              field + " would put the process before all others, which this host does not allow.");
        });
  }

  static void checkRlimits(GuardPolicy policy, Process process) {
    for (int i = 0; i < process.getRlimitsCount(); i++) {
      String type = process.getRlimits(i).getType();
      long most = policy.limits().rlimits().getOrDefault(type, -1L);
      if (Long.compareUnsigned(process.getRlimits(i).getHard(), most) > 0) {
        throw refused(
            "limits.rlimits",
            "process.rlimits["
                + i
                + "].hard is above what this host allows for "
                + type
                + ": "
                + Long.toUnsignedString(most)
                + ".");
      }
    }
  }

  private static void checkNamespaces(GuardPolicy policy, ContainerSpec spec, boolean root) {
    Stream<Namespace.Type> needed =
        Stream.concat(OF_CONTAINER.stream(), root ? OF_SANDBOX.stream() : Stream.of());
    boolean ofHost = needed.anyMatch(type -> !lists(spec, type));
    if (ofHost && !policy.hostNamespaces()) {
      throw refused(
          "namespaces.host",
          "On this host a container must have its own namespaces: list mount and cgroup, and for the"
              + " first of a sandbox network, ipc and uts.");
    }
    for (Namespace namespace : spec.getNamespacesList()) {
      checkPath(policy, namespace.getPath());
    }
  }

  /** Whose a namespace of a process is, only what is opened can tell: see the sandbox package. */
  private static void checkPath(GuardPolicy policy, String path) {
    if (!path.isEmpty()
        && !Paths.isOfProcess(Paths.clean("namespaces.path", path))
        && policy.namespaceRoot(Paths.clean("namespaces.path", path)).isEmpty()) {
      throw refused(
          "namespaces.roots",
          "A namespace to be joined is not below a directory that this host allows.");
    }
  }

  private static boolean lists(ContainerSpec spec, Namespace.Type type) {
    return spec.getNamespacesList().stream().anyMatch(namespace -> namespace.getType() == type);
  }

  static RuntimeException refused(String rule, String sentence) {
    return Refusal.guard(rule, sentence).exception();
  }
}
