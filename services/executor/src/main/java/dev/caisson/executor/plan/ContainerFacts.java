package dev.caisson.executor.plan;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.RootFilesystem;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the executor knows and a specification does not say.
 *
 * @param rootContainer whether this is the container that its sandbox is made for
 * @param pipes whether the standard streams are pipes; otherwise they stay what caisson-init has,
 *     {@code /dev/null}
 * @param fileSources sources of bind mounts that are no directories, as the specification writes
 *     them
 * @param lastCapability {@code /proc/sys/kernel/cap_last_cap}
 * @param filter of the specification's {@code seccomp}, compiled; present where that is
 * @param foreign the sandbox's namespaces that belong to somebody else: what shows one of them it
 *     cannot mount itself
 * @param limits what the process inherits
 * @param directories of the root filesystem, by clean paths: those of {@link #directoriesOf} that
 *     there are
 * @param groups whether supplementary groups may be changed: not in a user namespace that somebody
 *     without privileges has made, user_namespaces(7)
 * @param passed the descriptors of a local caller that the process is given
 * @param nameFiles of the sandbox, by which programs know names: what {@code /etc} shows of them
 */
public record ContainerFacts(
    boolean rootContainer,
    CgroupFacts cgroup,
    boolean pipes,
    Set<String> fileSources,
    int lastCapability,
    Optional<Filter> filter,
    Set<Namespace.Type> foreign,
    HostLimits limits,
    Map<String, DirectoryFacts> directories,
    boolean groups,
    Passed passed,
    Set<String> nameFiles) {
  public ContainerFacts {
    nameFiles = Collections.unmodifiableSet(new TreeSet<>(nameFiles)); // in the order of plans
    fileSources = Set.copyOf(fileSources);
    foreign = Set.copyOf(foreign);
    directories = Map.copyOf(directories);
    if (lastCapability < Capability.LAST_NAMED || lastCapability > Capability.MAX) {
      throw new IllegalArgumentException(
          "lastCapability must be " + Capability.LAST_NAMED + " to 63: " + lastCapability);
    }
  }

  /** Where the process inherits and is given nothing, and supplementary groups may be changed. */
  ContainerFacts(
      boolean rootContainer,
      CgroupFacts cgroup,
      boolean pipes,
      Set<String> fileSources,
      int lastCapability,
      Optional<Filter> filter,
      Set<Namespace.Type> foreign,
      Map<String, DirectoryFacts> directories) {
    this(
        rootContainer,
        cgroup,
        pipes,
        fileSources,
        lastCapability,
        filter,
        foreign,
        HostLimits.none(),
        directories,
        true,
        Passed.NONE,
        Set.of());
  }

  /** Where nothing of the root filesystem matters either. */
  ContainerFacts(
      boolean rootContainer,
      CgroupFacts cgroup,
      boolean pipes,
      Set<String> fileSources,
      int lastCapability,
      Optional<Filter> filter,
      Set<Namespace.Type> foreign) {
    this(rootContainer, cgroup, pipes, fileSources, lastCapability, filter, foreign, Map.of());
  }

  /**
   * The directories of the root filesystem that a plan depends on: what begins empty above one of
   * them is to look like it. Of most containers there are none.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if a mount is not possible
   */
  public static List<String> directoriesOf(ContainerSpec spec) {
    if (spec.getRoot().getType() == RootFilesystem.Type.EROFS) {
      return List.of(); // nothing of it can be seen before it is mounted
    }
    List<String> paths = new ArrayList<>(MountTable.destinationsWithoutMode(spec.getMountsList()));
    if (RootMount.isOverlaid(spec.getRoot())) {
      paths.add("/");
    }
    return paths;
  }
}
