package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Which namespaces a container has of its own. */
final class Namespaces {
  private static final String FIELD = "namespaces";

  private Namespaces() {}

  static void check(ContainerSpec spec, boolean rootContainer) {
    Set<Namespace.Type> listed = EnumSet.noneOf(Namespace.Type.class);
    for (int i = 0; i < spec.getNamespacesCount(); i++) {
      checkOne(FIELD + "[" + i + "]", spec.getNamespaces(i), rootContainer);
      if (!listed.add(spec.getNamespaces(i).getType())) {
        throw Refusal.invalid(
                FIELD + "[" + i + "].type", "not be listed twice", spec.getNamespaces(i).getType())
            .exception();
      }
    }
    if (!listed.contains(Namespace.Type.MOUNT)) {
      throw Refusal.unsupported(
              FIELD,
              "A container with the host's mount namespace is not supported; list the type mount.")
          .exception();
    }
    if (rootContainer) {
      checkUsers(spec);
      checkBelongings(spec);
    }
    JoinedMounts.check(spec);
    TimeOffsets.check(spec);
  }

  /** What is joined is listed, and what is listed is joined. */
  private static void checkUsers(ContainerSpec spec) {
    UserNamespace.Mode mode = spec.getUserNamespace().getMode();
    boolean listed =
        spec.getNamespacesList().stream()
            .anyMatch(one -> one.getType() == Namespace.Type.USER && !one.getPath().isEmpty());
    if (listed != (mode == UserNamespace.Mode.JOINED)) {
      throw Refusal.invalid(
              "user_namespace.mode",
              "be JOINED where namespaces lists the type user with a path, and only there",
              mode)
          .exception();
    }
  }

  private static void checkOne(String field, Namespace namespace, boolean rootContainer) {
    boolean joined = !namespace.getPath().isEmpty();
    if (joined) {
      Paths.clean(field + ".path", namespace.getPath());
    }
    switch (namespace.getType()) {
      case TYPE_UNSPECIFIED, UNRECOGNIZED ->
          throw Refusal.invalid(field + ".type", "be a type of namespaces(7)", "unspecified")
              .exception();
      case MOUNT ->
          refuse(
              joined && rootContainer,
              field,
              "Only a further container of a sandbox can join a mount namespace, that of another"
                  + " container there: leave the path empty, and bind what both are to see.");
      case CGROUP, TIME ->
          refuse(
              joined && !rootContainer,
              field,
              "Only the first container of a sandbox can join a namespace of this type; leave the"
                  + " path empty for a new one.");
      case PID, NETWORK, IPC, UTS, USER -> {}
    }
  }

  private static void refuse(boolean asked, String field, String sentence) {
    if (asked) {
      throw Refusal.unsupported(field + ".path", sentence).exception();
    }
  }

  /** What belongs to a namespace is set only where that is the sandbox's own. */
  private static void checkBelongings(ContainerSpec spec) {
    SharedNamespaces shared = SharedNamespaces.of(spec.getNamespacesList());
    boolean named = !spec.getHostname().isEmpty() || !spec.getDomainname().isEmpty();
    if (named && !shared.has(Namespace.Type.UTS)) {
      throw Refusal.invalid(
              "hostname", "be absent where the UTS namespace is not the sandbox's own", "given")
          .exception();
    }
    spec.getSysctlMap().keySet().forEach(name -> checkSysctl(name, shared));
  }

  private static void checkSysctl(String name, SharedNamespaces shared) {
    Namespace.Type of = Sysctls.ownerOf(name);
    if (!shared.has(of)) {
      throw Refusal.invalid(
              "sysctl",
              "name no parameter of a namespace that is not the sandbox's own ("
                  + of.name().toLowerCase(Locale.ROOT)
                  + ")",
              name)
          .exception();
    }
  }

  /** Of clone3(2). Without a PID namespace of its own a container shares its sandbox's. */
  static List<Flag> bornWith(ContainerSpec spec) {
    List<Flag> flags = new ArrayList<>();
    if (isNew(spec, Namespace.Type.MOUNT)) {
      flags.add(Flag.CLONE_NEWNS);
    }
    if (isNew(spec, Namespace.Type.PID)) {
      flags.add(Flag.CLONE_NEWPID);
    }
    return flags;
  }

  /** The PID namespace of others that it is born in; caisson-init enters that for its birth. */
  static List<Donation.NamespaceFile> bornInto(ContainerSpec spec) {
    return spec.getNamespacesList().stream()
        .filter(one -> one.getType() == Namespace.Type.PID && !one.getPath().isEmpty())
        .map(one -> new Donation.NamespaceFile(one.getType(), one.getPath()))
        .toList();
  }

  static boolean ownCgroup(ContainerSpec spec) {
    return isNew(spec, Namespace.Type.CGROUP);
  }

  static boolean ownTime(ContainerSpec spec) {
    return isNew(spec, Namespace.Type.TIME);
  }

  private static boolean isNew(ContainerSpec spec, Namespace.Type type) {
    return spec.getNamespacesList().stream()
        .anyMatch(namespace -> namespace.getType() == type && namespace.getPath().isEmpty());
  }
}
