package dev.caisson.oci;

import dev.caisson.proto.types.v1.Mount;
import java.util.List;
import java.util.Optional;

/** The mounts. Source: runtime-spec config.md, "Mounts". */
final class MountReader {
  private static final String BIND = "bind";

  /** A directory of a volume, as an option, since the format has no field for it. */
  private static final String SUBPATH = "subpath=";

  private MountReader() {}

  /**
   * @param ids what the document says of the ids that its mounts are mapped to
   */
  static List<Mount> read(List<JsonObject> mounts, Bundle bundle, MountIds ids) {
    return mounts.stream().map(mount -> mount(mount, bundle, ids)).toList();
  }

  private static Mount mount(JsonObject json, Bundle bundle, MountIds ids) {
    List<String> options = json.strings("options");
    String type = type(json, options);
    String source = json.string("source");
    Optional<IdMapOption> maps = IdMapOption.of(json, options);
    List<String> others = maps.map(option -> option.without(options)).orElse(options);
    Mount mount =
        Mount.newBuilder()
            .setDestination(destination(json))
            .setType(type)
            .setSource(type.equals(BIND) ? bindSource(json, source, bundle) : source)
            .setSubpath(subpath(json, others))
            .addAllOptions(others.stream().filter(option -> !option.startsWith(SUBPATH)).toList())
            .addAllUidMappings(ids.mapped(json, "uidMappings", maps))
            .addAllGidMappings(ids.mapped(json, "gidMappings", maps))
            .build();
    json.finish();
    return mount;
  }

  /** The option makes the bind, whatever the type says: `none`, an empty one, or the same word. */
  private static String type(JsonObject json, List<String> options) {
    String type = json.string("type");
    if (options.contains(BIND) || options.contains("rbind") || type.equals(BIND)) {
      return BIND;
    }
    if (type.isEmpty()) {
      throw json.invalid("type", "be a filesystem, or options have bind or rbind", type);
    }
    return type;
  }

  private static String subpath(JsonObject json, List<String> options) {
    List<String> all = options.stream().filter(option -> option.startsWith(SUBPATH)).toList();
    if (all.size() > 1 || all.contains(SUBPATH)) {
      throw json.invalid("options", "say subpath=DIRECTORY once", String.join(",", all));
    }
    return all.isEmpty() ? "" : all.getFirst().substring(SUBPATH.length());
  }

  private static String destination(JsonObject json) {
    String destination = json.string("destination");
    if (!destination.startsWith("/")) {
      throw json.invalid("destination", "be an absolute path in the container", destination);
    }
    return destination;
  }

  private static String bindSource(JsonObject json, String source, Bundle bundle) {
    if (source.isEmpty()) {
      throw json.invalid("source", "be the path of what is bound", source);
    }
    return bundle.resolve(json.path("source"), source);
  }
}
