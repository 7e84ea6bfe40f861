package dev.caisson.executor.guard;

import dev.caisson.executor.cgroup.CgroupDriver;
import dev.caisson.executor.plan.DeviceList;
import dev.caisson.executor.plan.Paths;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What may be done on this host. The owner's configuration; without one, next to nothing.
 *
 * @param rootfsRoots directories below which root filesystems may be
 * @param rootfsImages whether a root filesystem may be an image, which the kernel parses as root
 * @param mountRoots directories below which sources of bind mounts may be
 * @param exposedRoots whether what containers can write of these may lie where users of the host
 *     reach it
 * @param bundleRoots directories below which OCI bundles may be said to be
 * @param hooks programs that may run as hooks
 * @param capabilities the most that a process may have, in any of its sets
 * @param hostNamespaces whether a container may be in a namespace of the host
 * @param namespaceRoots directories below which namespaces to be joined may lie; with {@code /proc}
 *     those of any process, which otherwise must belong to a sandbox of the same tenant
 * @param hostUserNamespace whether a sandbox may be without a user namespace of its own
 * @param autoIds ids of the host of which each sandbox gets a range of its own
 * @param mappedIds ids of the host that a caller's own maps may name; empty: none
 * @param devices whether device files in bind mounts may work
 * @param allowedDevices what containers may use beside the standard devices
 * @param newPrivileges whether a process may be without no_new_privs
 * @param realTime whether a process may come before all others of the host: sched(7)
 * @param oomKillerDisable whether a cgroup may be without out-of-memory kills, which holds up the
 *     host
 * @param networkMarks whether packets may be marked for the host's own rules
 * @param seccomp what the filters of system calls may be
 * @param networks which a sandbox may be joined to
 * @param cgroupDriver who makes cgroups: what the executor was started with
 * @param cgroupParent the cgroup below which all others are
 * @param cgroupPaths whether a container's specification may say where others find its cgroup
 * @param donors ids of users who may donate descriptors, beside the executor's own
 * @param redaction what the record does not show
 * @param limits counts
 */
public record GuardPolicy(
    List<String> rootfsRoots,
    boolean rootfsImages,
    List<String> mountRoots,
    boolean exposedRoots,
    List<String> bundleRoots,
    List<HookRule> hooks,
    Set<String> capabilities,
    boolean hostNamespaces,
    List<String> namespaceRoots,
    boolean hostUserNamespace,
    IdRange autoIds,
    Optional<IdRange> mappedIds,
    boolean devices,
    DeviceList allowedDevices,
    boolean newPrivileges,
    boolean realTime,
    boolean oomKillerDisable,
    boolean networkMarks,
    SeccompPolicy seccomp,
    NetworkPolicy networks,
    CgroupDriver cgroupDriver,
    String cgroupParent,
    boolean cgroupPaths,
    Set<Integer> donors,
    RedactionPolicy redaction,
    Limits limits) {

  /**
   * How much there may be.
   *
   * @param execsPerSandbox in flight
   * @param forwards connections to ports of sandboxes that are open at once, of the node
   * @param forwardsPerTenant the same of each tenant
   * @param forwardsPerSandbox the same of each sandbox
   * @param hookTimeout the longest that a hook may take, and what it gets if it does not say
   * @param pids the most processes of a container, which then must have a limit; empty: any
   * @param memoryBytes the most memory of a container, likewise
   * @param logBytes the most that all log files of a container may have
   * @param rlimits the most that a hard limit of a process may be, unsigned, by its name; what is
   *     not there may be any
   */
  public record Limits(
      int sandboxes,
      int containers,
      int execsPerSandbox,
      int forwards,
      int forwardsPerTenant,
      int forwardsPerSandbox,
      Duration hookTimeout,
      OptionalLong pids,
      OptionalLong memoryBytes,
      long logBytes,
      Map<String, Long> rlimits) {
    public Limits {
      rlimits = Map.copyOf(rlimits);
    }
  }

  public GuardPolicy {
    rootfsRoots = List.copyOf(rootfsRoots);
    namespaceRoots = List.copyOf(namespaceRoots);
    mountRoots = List.copyOf(mountRoots);
    bundleRoots = List.copyOf(bundleRoots);
    hooks = List.copyOf(hooks);
    capabilities = Set.copyOf(capabilities);
    donors = Set.copyOf(donors);
  }

  /**
   * Reads a policy.
   *
   * @param text lines {@code key = value}; {@code #} starts a comment
   * @throws InvalidPolicyException with every problem there is
   */
  public static GuardPolicy parse(String text) {
    return parse(text, CgroupDriver.CGROUPFS);
  }

  /** The same on a host where somebody else may make cgroups. */
  public static GuardPolicy parse(String text, CgroupDriver cgroupDriver) {
    return PolicyReader.read(text, cgroupDriver);
  }

  /** The allowed root that a root filesystem's path lies in: what it is to be opened beneath. */
  public Optional<String> rootfsRoot(String path) {
    return rootOf(rootfsRoots, path);
  }

  /** The allowed root that a mount's source lies in: what it is to be opened beneath. */
  public Optional<String> mountRoot(String path) {
    return rootOf(mountRoots, path);
  }

  /** The allowed root that a namespace's file lies in: what it is to be opened beneath. */
  public Optional<String> namespaceRoot(String path) {
    return rootOf(namespaceRoots, path);
  }

  /**
   * Where in the trees a cgroup lies that a specification names: a relative path lies below the
   * parent. Nothing, and the name of a scope, stays as it is.
   */
  public String cgroup(String asked) {
    boolean relative =
        cgroupDriver == CgroupDriver.CGROUPFS && !asked.isEmpty() && !asked.startsWith("/");
    String above = cgroupParent.equals("/") ? "" : cgroupParent;
    return relative ? above + "/" + asked : asked;
  }

  /** Whether a caller's own maps may name these ids of the host. */
  public boolean lends(long first, long size) {
    return mappedIds.filter(ids -> ids.contains(first, size)).isPresent();
  }

  /** All that any container may use. */
  public DeviceList devicesAtMost() {
    return DeviceList.standard().with(allowedDevices);
  }

  Optional<String> bundleRoot(String path) {
    return rootOf(bundleRoots, path);
  }

  /** The rule for a hook of this path. */
  public Optional<HookRule> hook(String path) {
    return hooks.stream().filter(hook -> hook.path().equals(path)).findFirst();
  }

  private static Optional<String> rootOf(List<String> roots, String path) {
    return roots.stream().filter(root -> Paths.within(path, root)).findFirst();
  }
}
