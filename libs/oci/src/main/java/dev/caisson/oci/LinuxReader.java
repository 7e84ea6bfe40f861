package dev.caisson.oci;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.MemoryPolicy;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Personality;
import dev.caisson.proto.types.v1.Propagation;
import dev.caisson.proto.types.v1.TimeOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What is Linux's own. Source: runtime-spec config-linux.md. */
final class LinuxReader {
  /** Mounts of the container never reach the host: every other propagation is refused. */
  private static final Map<String, Propagation> PROPAGATIONS =
      Map.of(
          "", Propagation.PROPAGATION_UNSPECIFIED,
          "private", Propagation.PRIVATE,
          "rprivate", Propagation.PRIVATE,
          "slave", Propagation.SLAVE,
          "rslave", Propagation.SLAVE);

  private final ContainerSpec.Builder spec;
  private final Map<String, String> annotations;

  LinuxReader(ContainerSpec.Builder spec, Map<String, String> annotations) {
    this.spec = spec;
    this.annotations = annotations;
  }

  void read(Optional<JsonObject> linux) {
    List<Namespace> namespaces = new ArrayList<>();
    linux.ifPresent(json -> {
      namespaces.addAll(namespaces(json));
      spec.addAllMaskedPaths(json.strings("maskedPaths"))
          .addAllDevices(DeviceReader.read(json))
          .setMountLabel(json.string("mountLabel"))
          .setCgroupsPath(json.string("cgroupsPath"))
          .addAllReadonlyPaths(json.strings("readonlyPaths"))
          .putAllSysctl(json.texts("sysctl"));
      spec.setRootfsPropagation(propagation(json));
      json.object("timeOffsets").ifPresent(this::timeOffsets);
      json.object("resources").ifPresent(limits -> spec.setResources(ResourceReader.read(limits)));
      json.object("personality").ifPresent(one -> spec.setPersonality(personality(one)));
      json.object("memoryPolicy").ifPresent(one -> spec.setMemoryPolicy(memoryPolicy(one)));
      json.object("seccomp").ifPresent(filter -> spec.setSeccomp(SeccompReader.read(filter)));
      if (Annotations.seccomp(annotations) == Annotations.SeccompChoice.DEFAULT) {
        json.ignore("seccomp", "was not used: an annotation asks for the default filter");
      }
    });
    new UserNamespaceReader(spec, Annotations.userNamespace(annotations)).read(linux, namespaces);
    linux.ifPresent(LinuxReader::refuseTheRest);
  }

  private void timeOffsets(JsonObject clocks) {
    if (clocks.has("realtime")) {
      throw clocks.unsupported(
          "realtime", "an offset", "time namespaces have the clocks monotonic and boottime only");
    }
    for (String clock : List.of("monotonic", "boottime")) {
      clocks
          .object(clock)
          .ifPresent(offset -> {
            spec.addTimeOffsets(
                TimeOffset.newBuilder()
                    .setClock(clock)
                    .setSeconds(offset.integer("secs", Long.MIN_VALUE, Long.MAX_VALUE).orElse(0))
                    .setNanoseconds(offset.integer("nanosecs", 0, 999_999_999).orElse(0)));
            offset.finish();
          });
    }
    clocks.finish();
  }

  private static Propagation propagation(JsonObject json) {
    String propagation = json.string("rootfsPropagation");
    Propagation known = PROPAGATIONS.get(propagation);
    if (known == null) {
      throw json.unsupported(
          "rootfsPropagation",
          propagation,
          "mounts of a container stay in it; use private or slave");
    }
    return known;
  }

  private static void refuseTheRest(JsonObject json) {
    json.refuse("intelRdt", "cache and memory bandwidth are not allotted; remove it");
    json.refuseMembers("netDevices", "no network device is moved into a container; remove it");
    json.finish();
  }

  private static MemoryPolicy memoryPolicy(JsonObject json) {
    MemoryPolicy.Builder made =
        MemoryPolicy.newBuilder().setMode(json.string("mode")).setNodes(json.string("nodes"));
    made.addAllFlags(json.strings("flags"));
    json.finish();
    return made.build();
  }

  private static Personality personality(JsonObject json) {
    Personality.Builder made = Personality.newBuilder().setDomain(json.string("domain"));
    made.addAllFlags(json.strings("flags"));
    json.finish();
    return made.build();
  }

  private static List<Namespace> namespaces(JsonObject json) {
    Set<Namespace.Type> seen = new HashSet<>();
    List<Namespace> listed =
        new ArrayList<>(
            json.objects("namespaces").stream().map(one -> namespace(one, seen)).toList());
    // Tools leave it out where the host has cgroups of version 1, and none means to share the
    // host's.
    if (seen.add(Namespace.Type.CGROUP)) {
      listed.add(Namespace.newBuilder().setType(Namespace.Type.CGROUP).build());
    }
    return listed;
  }

  private static Namespace namespace(JsonObject json, Set<Namespace.Type> seen) {
    Namespace.Type type = type(json, json.string("type"));
    String path = json.string("path");
    if (!seen.add(type)) {
      throw json.invalid("type", "be listed once", json.string("type"));
    }
    if (!path.isEmpty() && !path.startsWith("/")) {
      throw json.invalid("path", "be absolute", path);
    }
    json.finish();
    return Namespace.newBuilder().setType(type).setPath(path).build();
  }

  private static Namespace.Type type(JsonObject json, String name) {
    return switch (name) {
      case "pid" -> Namespace.Type.PID;
      case "network" -> Namespace.Type.NETWORK;
      case "mount" -> Namespace.Type.MOUNT;
      case "ipc" -> Namespace.Type.IPC;
      case "uts" -> Namespace.Type.UTS;
      case "user" -> Namespace.Type.USER;
      case "cgroup" -> Namespace.Type.CGROUP;
      case "time" -> Namespace.Type.TIME;
      default ->
          throw json.invalid(
              "type", "be one of pid, network, mount, ipc, uts, user, cgroup, time", name);
    };
  }
}
