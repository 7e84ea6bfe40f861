package dev.caisson.oci;

import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.IdMapping;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.UserNamespace;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The user namespace: the document's own mappings where it has some, a namespace to join where it
 * names one, the host's or an identical one where an annotation asks for it, and in every other
 * case one of its own.
 */
final class UserNamespaceReader {
  /** Lines of a map that the kernel takes: user_namespaces(7). */
  static final int MAX_MAPPINGS = 340;

  private static final String MAPS = "linux.uidMappings are given";
  private static final String PATH = "linux.namespaces lists user with a path";

  private final ContainerSpec.Builder spec;
  private final UserNamespace.Mode asked;

  /**
   * @param asked by an annotation: what holds where the document has no mappings
   */
  UserNamespaceReader(ContainerSpec.Builder spec, UserNamespace.Mode asked) {
    this.spec = spec;
    this.asked = asked;
  }

  void read(Optional<JsonObject> linux, List<Namespace> namespaces) {
    List<IdMapping> uids = linux.map(json -> mappings(json, "uidMappings")).orElse(List.of());
    List<IdMapping> gids = linux.map(json -> mappings(json, "gidMappings")).orElse(List.of());
    Optional<Namespace> listed =
        namespaces.stream().filter(one -> one.getType() == Namespace.Type.USER).findFirst();
    boolean joined = listed.filter(one -> !one.getPath().isEmpty()).isPresent();
    refuseContradiction(listed.isPresent(), joined, !uids.isEmpty() || !gids.isEmpty());
    spec.addAllNamespaces(namespaces);
    UserNamespace made = made(joined, uids, gids);
    spec.setUserNamespace(made);
    if (listed.isEmpty() && made.getMode() != UserNamespace.Mode.HOST) {
      spec.addNamespaces(Namespace.newBuilder().setType(Namespace.Type.USER));
    }
  }

  /** Engines write the maps of a namespace beside its path: so they can be checked. */
  private UserNamespace made(boolean joined, List<IdMapping> uids, List<IdMapping> gids) {
    if (!joined && uids.isEmpty()) {
      return UserNamespace.newBuilder().setMode(asked).build();
    }
    return UserNamespace.newBuilder()
        .setMode(joined ? UserNamespace.Mode.JOINED : UserNamespace.Mode.MAPPED)
        .addAllUidMappings(uids)
        .addAllGidMappings(gids)
        .build();
  }

  private void refuseContradiction(boolean listed, boolean joined, boolean mapped) {
    if (asked == UserNamespace.Mode.HOST && listed) {
      throw wrongAnnotation("be auto or identity where linux.namespaces lists user");
    }
    if (asked != UserNamespace.Mode.AUTO && (mapped || joined)) {
      throw wrongAnnotation("be auto where " + (mapped ? MAPS : PATH));
    }
    if (mapped && !listed) {
      throw OciException.invalid(
          "linux.namespaces", "list user where ids are mapped", "uidMappings");
    }
  }

  private OciException wrongAnnotation(String rule) {
    return OciException.invalid(
        Annotations.field(Annotations.USER_NAMESPACE), rule, asked.name().toLowerCase(Locale.ROOT));
  }

  static List<IdMapping> mappings(JsonObject linux, String name) {
    String other = name.equals("uidMappings") ? "gidMappings" : "uidMappings";
    List<JsonObject> mappings = linux.objects(name);
    if (mappings.isEmpty() && !linux.objects(other).isEmpty()) {
      throw linux.invalid(name, "be present where " + other + " is", "[]");
    }
    if (mappings.size() > MAX_MAPPINGS) {
      throw linux.invalid(name, "have at most " + MAX_MAPPINGS + " entries", mappings.size());
    }
    return mappings.stream().map(UserNamespaceReader::mapping).toList();
  }

  private static IdMapping mapping(JsonObject json) {
    IdMapping mapping =
        IdMapping.newBuilder()
            .setContainerId(json.unsignedInt("containerID"))
            .setHostId(json.unsignedInt("hostID"))
            .setSize(json.unsignedInt("size"))
            .build();
    if (mapping.getSize() == 0) {
      throw json.invalid("size", "be at least 1", 0);
    }
    json.finish();
    return mapping;
  }
}
