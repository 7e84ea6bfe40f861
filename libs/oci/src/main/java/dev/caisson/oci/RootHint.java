package dev.caisson.oci;

import dev.caisson.proto.types.v1.RootFilesystem;
import dev.caisson.proto.types.v1.RootFilesystem.Overlay;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Annotations that say what a root filesystem is really made of: {@code dev.gvisor.spec.rootfs.*},
 * each with a twin of our own, which wins. One that is half given is refused.
 */
record RootHint(String source, RootFilesystem.Type type, Optional<Overlay> overlay) {
  private static final String PREFIX = "dev.caisson.spec.rootfs.";
  private static final String FOREIGN_PREFIX = "dev.gvisor.spec.rootfs.";
  private static final List<String> NAMES = List.of("source", "type", "overlay");
  private static final String DIRECTORY = "dir=";

  static Optional<RootHint> of(Map<String, String> annotations) {
    refuseUnknown(annotations);
    if (NAMES.stream().allMatch(name -> value(annotations, name).isEmpty())) {
      return Optional.empty();
    }
    return Optional.of(
        new RootHint(
            path("source", required(annotations, "source")),
            type(required(annotations, "type")),
            value(annotations, "overlay").flatMap(RootHint::overlay)));
  }

  RootFilesystem applyTo(RootFilesystem root) {
    RootFilesystem.Builder hinted = root.toBuilder().setPath(source).setType(type);
    overlay.ifPresent(hinted::setOverlay);
    return hinted.build();
  }

  private static void refuseUnknown(Map<String, String> annotations) {
    for (String key : annotations.keySet()) {
      String prefix = key.startsWith(PREFIX) ? PREFIX : FOREIGN_PREFIX;
      if (key.startsWith(prefix) && !NAMES.contains(key.substring(prefix.length()))) {
        throw OciException.invalid(
            Annotations.field(key), "be one of " + String.join(", ", NAMES), key);
      }
    }
  }

  private static Optional<String> value(Map<String, String> annotations, String name) {
    return Optional.ofNullable(annotations.get(PREFIX + name))
        .or(() -> Optional.ofNullable(annotations.get(FOREIGN_PREFIX + name)));
  }

  private static String required(Map<String, String> annotations, String name) {
    return value(annotations, name)
        .orElseThrow(
            () -> OciException.invalid(field(name), "be given with the others", "nothing there"));
  }

  private static RootFilesystem.Type type(String type) {
    return switch (type) {
      case "erofs" -> RootFilesystem.Type.EROFS;
      case "bind" -> RootFilesystem.Type.DIRECTORY;
      default -> throw OciException.invalid(field("type"), "be erofs or bind", type);
    };
  }

  private static Optional<Overlay> overlay(String medium) {
    return switch (medium) {
      case "none" -> Optional.empty();
      case "memory" -> Optional.of(Overlay.newBuilder().setMedium(Overlay.Medium.MEMORY).build());
      case "self" -> Optional.of(Overlay.newBuilder().setMedium(Overlay.Medium.SELF).build());
      default -> Optional.of(directory(medium));
    };
  }

  private static Overlay directory(String medium) {
    if (!medium.startsWith(DIRECTORY)) {
      throw OciException.invalid(
          field("overlay"), "be none, memory, self or dir=/absolute/path", medium);
    }
    return Overlay.newBuilder()
        .setMedium(Overlay.Medium.DIR)
        .setDirectory(path("overlay", medium.substring(DIRECTORY.length())))
        .build();
  }

  private static String path(String name, String path) {
    if (!Annotations.isCleanAbsolute(path)) {
      throw OciException.invalid(
          field(name), "be an absolute path without . and .. and doubled slashes", path);
    }
    return path;
  }

  private static String field(String name) {
    return Annotations.field(PREFIX + name);
  }
}
