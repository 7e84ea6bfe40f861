package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Which namespaces a container has of its own. */
final class Namespaces {
  private static final String FIELD = "namespaces";

  /** Those that a sandbox has, and all of its containers share. */
  private static final List<Namespace.Type> SHARED =
      List.of(Namespace.Type.NETWORK, Namespace.Type.IPC, Namespace.Type.UTS);

  private Namespaces() {}

  static void check(ContainerSpec spec, boolean rootContainer) {
    Set<Namespace.Type> listed = EnumSet.noneOf(Namespace.Type.class);
    for (int i = 0; i < spec.getNamespacesCount(); i++) {
      checkOne(FIELD + "[" + i + "]", spec.getNamespaces(i));
      if (!listed.add(spec.getNamespaces(i).getType())) {
        throw Refusal.invalid(
                FIELD + "[" + i + "].type", "not be listed twice", spec.getNamespaces(i).getType())
            .exception();
      }
    }
    require(listed, Namespace.Type.MOUNT);
    if (rootContainer) {
      SHARED.forEach(type -> require(listed, type));
    }
  }

  private static void checkOne(String field, Namespace namespace) {
    switch (namespace.getType()) {
      case TYPE_UNSPECIFIED, UNRECOGNIZED ->
          throw Refusal.invalid(field + ".type", "be a type of namespaces(7)", "unspecified")
              .exception();
      case TIME ->
          throw Refusal.unsupported(field + ".type", "Time namespaces are not supported.")
              .exception();
      case PID, NETWORK, MOUNT, IPC, UTS, USER, CGROUP -> {
        if (!namespace.getPath().isEmpty()) {
          throw Refusal.unsupported(
                  field + ".path",
                  "Joining a namespace by its path is not supported; leave the path empty for a new"
                      + " one.")
              .exception();
        }
      }
    }
  }

  private static void require(Set<Namespace.Type> listed, Namespace.Type type) {
    if (!listed.contains(type)) {
      String name = type.name().toLowerCase(java.util.Locale.ROOT);
      throw Refusal.unsupported(
              FIELD,
              "A container with the host's "
                  + name
                  + " namespace is not supported; list the type "
                  + name
                  + ".")
          .exception();
    }
  }

  /** Of clone3(2). Without a PID namespace of its own a container shares its sandbox's. */
  static List<Flag> bornWith(ContainerSpec spec) {
    List<Flag> flags = new ArrayList<>(List.of(Flag.CLONE_NEWNS));
    if (has(spec, Namespace.Type.PID)) {
      flags.add(Flag.CLONE_NEWPID);
    }
    return flags;
  }

  static boolean ownCgroup(ContainerSpec spec) {
    return has(spec, Namespace.Type.CGROUP);
  }

  private static boolean has(ContainerSpec spec, Namespace.Type type) {
    return spec.getNamespacesList().stream().anyMatch(namespace -> namespace.getType() == type);
  }
}
