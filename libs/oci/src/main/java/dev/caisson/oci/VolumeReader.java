package dev.caisson.oci;

import dev.caisson.proto.types.v1.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the containers of a pod share: {@code dev.gvisor.spec.mount.‹name›.‹field›}, and the same
 * with a prefix of our own, of the container that makes the sandbox.
 *
 * <p>What is half given or wrong is refused, since a volume that is silently not shared loses data.
 * But not one without a source: a pod gives none where the engine below it is to fill it in, and
 * without it there is nothing that a mount could be compared with.
 */
final class VolumeReader {
  private static final List<String> PREFIXES =
      List.of("dev.caisson.mount.", "dev.gvisor.spec.mount.");

  private static final List<String> FIELDS = List.of("source", "type", "share", "options");

  /** By its last part, what one of them says, and where. */
  private record Said(String key, String value) {}

  private VolumeReader() {}

  /** In the order of their names. */
  static List<Volume> read(JsonObject json, Map<String, String> annotations) {
    Map<String, Map<String, Said>> byName = new TreeMap<>();
    annotations.forEach((key, value) ->
        PREFIXES.stream()
            .filter(key::startsWith)
            .forEach(prefix -> add(byName, prefix, new Said(key, value))));
    List<Volume> volumes = new ArrayList<>();
    byName.forEach((name, said) -> {
      if (said.containsKey("source")) {
        volumes.add(volume(name, said));
      } else {
        said.values()
            .forEach(one -> json.ignore(one.key(), "was ignored, since its volume has no source"));
      }
    });
    return volumes;
  }

  private static void add(Map<String, Map<String, Said>> byName, String prefix, Said said) {
    String[] parts = said.key().substring(prefix.length()).split("\\.", -1);
    if (parts.length != 2 || parts[0].isEmpty() || !FIELDS.contains(parts[1])) {
      throw OciException.invalid(
          Annotations.field(said.key()),
          "end with a name without dots, a dot, and " + String.join(", ", FIELDS),
          said.key());
    }
    Said other =
        byName.computeIfAbsent(parts[0], any -> new TreeMap<>()).putIfAbsent(parts[1], said);
    if (other != null && !other.value().equals(said.value())) {
      throw OciException.invalid(
          Annotations.field(said.key()), "say the same as " + other.key(), said.value());
    }
  }

  private static Volume volume(String name, Map<String, Said> said) {
    Said source = required(said, "source");
    if (!Annotations.isCleanAbsolute(source.value())) {
      throw OciException.invalid(
          Annotations.field(source.key()),
          "be an absolute path without . and .. and doubled slashes",
          source.value());
    }
    Volume.Builder volume =
        Volume.newBuilder()
            .setName(name)
            .setSource(source.value())
            .setType(type(required(said, "type")))
            .setShare(share(required(said, "share")));
    Optional.ofNullable(said.get("options"))
        .filter(options -> !options.value().isEmpty())
        .ifPresent(options -> volume.addAllOptions(List.of(options.value().split(",", -1))));
    return volume.build();
  }

  private static Said required(Map<String, Said> said, String field) {
    Said found = said.get(field);
    if (found == null) {
      Said source = said.values().iterator().next();
      throw OciException.invalid(
          Annotations.field(source.key()), "have a " + field + " beside it", source.value());
    }
    return found;
  }

  private static Volume.Type type(Said type) {
    return switch (type.value()) {
      case "tmpfs" -> Volume.Type.TMPFS;
      case "bind" -> Volume.Type.BIND;
      case String other ->
          throw OciException.invalid(Annotations.field(type.key()), "be tmpfs or bind", other);
    };
  }

  private static Volume.Share share(Said share) {
    return switch (share.value()) {
      case "container" -> Volume.Share.CONTAINER;
      case "pod" -> Volume.Share.POD;
      case "shared" -> Volume.Share.SHARED;
      case String other ->
          throw OciException.invalid(
              Annotations.field(share.key()), "be container, pod or shared", other);
    };
  }
}
