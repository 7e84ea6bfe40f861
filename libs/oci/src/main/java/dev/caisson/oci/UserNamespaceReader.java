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
    refuseContradiction(listed, !uids.isEmpty() || !gids.isEmpty());
    spec.addAllNamespaces(namespaces);
    if (listed.isPresent() && !listed.get().getPath().isEmpty()) {
      return;
    }
    UserNamespace made = made(uids, gids);
    spec.setUserNamespace(made);
    if (listed.isEmpty() && made.getMode() != UserNamespace.Mode.HOST) {
      spec.addNamespaces(Namespace.newBuilder().setType(Namespace.Type.USER));
    }
  }

  private UserNamespace made(List<IdMapping> uids, List<IdMapping> gids) {
    if (uids.isEmpty()) {
      return UserNamespace.newBuilder().setMode(asked).build();
    }
    return UserNamespace.newBuilder()
        .setMode(UserNamespace.Mode.MAPPED)
        .addAllUidMappings(uids)
        .addAllGidMappings(gids)
        .build();
  }

  private void refuseContradiction(Optional<Namespace> listed, boolean mapped) {
    if (asked == UserNamespace.Mode.HOST && listed.isPresent()) {
      throw OciException.invalid(
          Annotations.field(Annotations.USER_NAMESPACE),
          "be auto or identity where linux.namespaces lists user",
          "host");
    }
    if (asked != UserNamespace.Mode.AUTO && mapped) {
      throw OciException.invalid(
          Annotations.field(Annotations.USER_NAMESPACE),
          "be auto where linux.uidMappings are given",
          asked.name().toLowerCase(Locale.ROOT));
    }
    if (mapped && (listed.isEmpty() || !listed.get().getPath().isEmpty())) {
      throw OciException.invalid(
          "linux.namespaces", "list user without a path where ids are mapped", "uidMappings");
    }
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
