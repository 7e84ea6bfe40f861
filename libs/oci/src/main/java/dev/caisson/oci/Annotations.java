package dev.caisson.oci;

import dev.caisson.proto.types.v1.UserNamespace;
import java.nio.file.Path;
import java.util.Map;

/** Annotations that change what runs. Each foreign one has a twin of our own, which wins. */
final class Annotations {
  private static final String CGROUP_PARENT = "dev.caisson.spec.cgroup-parent";
  private static final String FOREIGN_CGROUP_PARENT = "dev.gvisor.spec.cgroup-parent";

  /** {@code auto}, the default, {@code host} or {@code identity}. */
  static final String USER_NAMESPACE = "dev.caisson.spec.user-namespace";

  /** {@code default} or {@code unconfined}. Absent: the specification's own filter, if any. */
  static final String SECCOMP = "dev.caisson.spec.seccomp";

  /** Followed by the container's name: {@code RuntimeDefault}. */
  private static final String FOREIGN_SECCOMP = "dev.gvisor.internal.seccomp.";

  private static final String CONTAINER_NAME = "io.kubernetes.cri.container-name";

  /** Which filter of system calls the annotations ask for. */
  enum SeccompChoice {
    DEFAULT,
    UNCONFINED,
    UNSAID
  }

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

  static UserNamespace.Mode userNamespace(Map<String, String> annotations) {
    String value = annotations.getOrDefault(USER_NAMESPACE, "auto");
    return switch (value) {
      case "auto" -> UserNamespace.Mode.AUTO;
      case "host" -> UserNamespace.Mode.HOST;
      case "identity" -> UserNamespace.Mode.IDENTITY;
      default ->
          throw OciException.invalid(field(USER_NAMESPACE), "be auto, host or identity", value);
    };
  }

  static SeccompChoice seccomp(Map<String, String> annotations) {
    if (annotations.containsKey(SECCOMP)) {
      String value = annotations.getOrDefault(SECCOMP, "");
      return switch (value) {
        case "default" -> SeccompChoice.DEFAULT;
        case "unconfined" -> SeccompChoice.UNCONFINED;
        default -> throw OciException.invalid(field(SECCOMP), "be default or unconfined", value);
      };
    }
    String name = annotations.getOrDefault(CONTAINER_NAME, "");
    String foreign = annotations.getOrDefault(FOREIGN_SECCOMP + name, "");
    return foreign.equals("RuntimeDefault") ? SeccompChoice.DEFAULT : SeccompChoice.UNSAID;
  }

  static String field(String key) {
    return "annotations[" + key + "]";
  }

  static boolean isCleanAbsolute(String path) {
    return path.startsWith("/") && Path.of(path).normalize().toString().equals(path);
  }
}
