package dev.caisson.oci;

import dev.caisson.proto.types.v1.IdMapping;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Ids that mounts are mapped to. The document writes them as the host has them, the request as the
 * container does: so they are led back through the document's own maps. Where it has none, it knows
 * of no difference, and its ids are the container's.
 */
final class MountIds {
  private final List<IdMapping> uids;
  private final List<IdMapping> gids;

  private MountIds(List<IdMapping> uids, List<IdMapping> gids) {
    this.uids = uids;
    this.gids = gids;
  }

  static MountIds of(Optional<JsonObject> linux) {
    return new MountIds(
        linux.map(json -> UserNamespaceReader.mappings(json, "uidMappings")).orElse(List.of()),
        linux.map(json -> UserNamespaceReader.mappings(json, "gidMappings")).orElse(List.of()));
  }

  /** The maps of one mount, which are in one of its options, or fields of their own. */
  List<IdMapping> mapped(JsonObject mount, String name, Optional<IdMapOption> option) {
    List<IdMapping> container = name.equals("uidMappings") ? uids : gids;
    List<IdMapping> mapped = new ArrayList<>();
    for (IdMapOption.Range range : ranges(mount, name, option)) {
      mapped.addAll(
          range.inside() || container.isEmpty()
              ? List.of(range.mapping())
              : inside(mount, name, range.mapping(), container));
    }
    return mapped;
  }

  private static List<IdMapOption.Range> ranges(
      JsonObject mount, String name, Optional<IdMapOption> option) {
    return option
        .map(maps -> maps.ranges(name))
        .orElseGet(() ->
            UserNamespaceReader.mappings(mount, name).stream()
                .map(mapping -> new IdMapOption.Range(false, mapping))
                .toList());
  }

  private static List<IdMapping> inside(
      JsonObject mount, String name, IdMapping mapping, List<IdMapping> container) {
    List<IdMapping> parts = new ArrayList<>();
    for (int done = 0; done != mapping.getSize(); ) {
      IdMapping part = part(mount, name, mapping, done, container);
      parts.add(part);
      done += part.getSize();
    }
    return parts;
  }

  /** What of the mapping, from an offset on, leads into one line of the container's map. */
  private static IdMapping part(
      JsonObject mount, String name, IdMapping mapping, int offset, List<IdMapping> container) {
    int host = mapping.getHostId() + offset;
    IdMapping line =
        container.stream()
            .filter(one -> Integer.compareUnsigned(host - one.getHostId(), one.getSize()) < 0)
            .findFirst()
            .orElseThrow(() ->
                mount.invalid(
                    name,
                    "lead to ids that linux." + name + " has",
                    Integer.toUnsignedString(host)));
    int into = host - line.getHostId();
    long left =
        Math.min(
            Integer.toUnsignedLong(mapping.getSize() - offset),
            Integer.toUnsignedLong(line.getSize() - into));
    return IdMapping.newBuilder()
        .setContainerId(mapping.getContainerId() + offset)
        .setHostId(line.getContainerId() + into)
        .setSize((int) left)
        .build();
  }
}
