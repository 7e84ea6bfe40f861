package dev.caisson.oci;

import java.nio.file.Path;
import java.util.Map;

/** Annotations that change what runs. Each foreign one has a twin of our own, which wins. */
final class Annotations {
  private static final String CGROUP_PARENT = "dev.caisson.spec.cgroup-parent";
  private static final String FOREIGN_CGROUP_PARENT = "dev.gvisor.spec.cgroup-parent";

  /** {@code auto}, the default, or {@code host}. */
  static final String USER_NAMESPACE = "dev.caisson.spec.user-namespace";

  private Annotations() {}

  static String cgroupParent(Map<String, String> annotations) {
    String key = annotations.containsKey(CGROUP_PARENT) ? CGROUP_PARENT : FOREIGN_CGROUP_PARENT;
    String parent = annotations.getOrDefault(key, "");
    if (!parent.isEmpty() && !isCleanAbsolute(parent)) {
      throw OciException.invalid(
          field(key), "be an absolute path without . and .. and doubled slashes", parent);
    }
    return parent;
  }

  static boolean hostUserNamespace(Map<String, String> annotations) {
    String value = annotations.getOrDefault(USER_NAMESPACE, "auto");
    return switch (value) {
      case "auto" -> false;
      case "host" -> true;
      default -> throw OciException.invalid(field(USER_NAMESPACE), "be auto or host", value);
    };
  }

  static String field(String key) {
    return "annotations[" + key + "]";
  }

  private static boolean isCleanAbsolute(String path) {
    return path.startsWith("/") && Path.of(path).normalize().toString().equals(path);
  }
}
