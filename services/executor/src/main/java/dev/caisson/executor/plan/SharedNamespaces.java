package dev.caisson.executor.plan;

import dev.caisson.proto.types.v1.Namespace;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The namespaces that the containers of a sandbox share, by where they come from. Those that are
 * neither new nor joined are the host's.
 *
 * @param fresh of network, IPC and UTS
 * @param joined in the order in which they are entered
 */
public record SharedNamespaces(List<Namespace.Type> fresh, List<Donation.NamespaceFile> joined) {
  /**
   * What every sandbox has of its own, unless its root container's specification says otherwise.
   */
  static final List<Namespace.Type> TYPES =
      List.of(Namespace.Type.NETWORK, Namespace.Type.IPC, Namespace.Type.UTS);

  /**
   * What can be joined beside those, by the first container of a sandbox. The user namespace last:
   * who has entered it may not enter what belongs to another.
   */
  private static final List<Namespace.Type> OTHERS =
      List.of(Namespace.Type.CGROUP, Namespace.Type.TIME, Namespace.Type.USER);

  public SharedNamespaces {
    fresh = List.copyOf(fresh);
    joined = List.copyOf(joined);
  }

  /** All of them new. */
  public static SharedNamespaces own() {
    return new SharedNamespaces(TYPES, List.of());
  }

  /**
   * Those of a sandbox.
   *
   * @param listed by its root container
   */
  public static SharedNamespaces of(List<Namespace> listed) {
    return new SharedNamespaces(
        TYPES.stream().filter(type -> listed.contains(fresh(type))).toList(),
        Stream.concat(TYPES.stream(), OTHERS.stream())
            .flatMap(type -> listed.stream().filter(one -> one.getType() == type))
            .filter(one -> !one.getPath().isEmpty())
            .map(one -> new Donation.NamespaceFile(one.getType(), one.getPath()))
            .toList());
  }

  private static Namespace fresh(Namespace.Type type) {
    return Namespace.newBuilder().setType(type).build();
  }

  /**
   * Those that belong to somebody else: the kernel lets only the owner of a namespace mount the
   * filesystem that shows it (network: sysfs; IPC: mqueue; cgroup: cgroup).
   *
   * @param userNamespace whether the sandbox has one of its own
   */
  public Set<Namespace.Type> foreign(boolean userNamespace) {
    EnumSet<Namespace.Type> foreign = EnumSet.noneOf(Namespace.Type.class);
    if (userNamespace) {
      Stream.of(Namespace.Type.NETWORK, Namespace.Type.IPC)
          .filter(type -> !has(type))
          .forEach(foreign::add);
      joined.stream()
          .map(Donation.NamespaceFile::type)
          .filter(type -> type == Namespace.Type.CGROUP)
          .forEach(foreign::add);
    }
    return Set.copyOf(foreign);
  }

  /** Whether the user namespace is somebody else's. */
  public boolean joinsUsers() {
    return joined.stream().anyMatch(one -> one.type() == Namespace.Type.USER);
  }

  /** Whether it is the host's: neither the sandbox's own nor joined. */
  public boolean isHosts(Namespace.Type type) {
    return !has(type) && joined.stream().noneMatch(one -> one.type() == type);
  }

  /** Whether it belongs to the sandbox alone. */
  public boolean has(Namespace.Type type) {
    return fresh.contains(type);
  }
}
