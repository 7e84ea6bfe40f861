package dev.caisson.oci;

import java.util.Map;

/** Which sandbox a container belongs to, as its annotations tell. */
public sealed interface SandboxMembership {
  /** It is the root of a sandbox of its own: nothing is said. */
  record StandAlone() implements SandboxMembership {}

  /** It is the root of a sandbox that others are to join: a pod's infrastructure container. */
  record Root() implements SandboxMembership {}

  /** It joins an existing sandbox. */
  record Member(String sandboxId) implements SandboxMembership {
    public Member {
      if (sandboxId.isEmpty()) {
        throw new IllegalArgumentException("sandboxId must not be empty");
      }
    }
  }

  /**
   * Reads the annotations that container runtime interfaces set; containerd's are asked before
   * CRI-O's.
   *
   * @throws OciException when the type is another, or that of a member which names no sandbox
   */
  static SandboxMembership of(Map<String, String> annotations) {
    String typeKey =
        first(annotations, "io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType");
    return switch (annotations.get(typeKey)) {
      case null -> new StandAlone();
      case "sandbox" -> new Root();
      case "container" -> new Member(sandboxId(annotations));
      case String other ->
          throw OciException.invalid(Annotations.field(typeKey), "be sandbox or container", other);
    };
  }

  private static String sandboxId(Map<String, String> annotations) {
    String idKey =
        first(annotations, "io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID");
    String id = annotations.getOrDefault(idKey, "");
    if (id.isEmpty()) {
      throw OciException.invalid(
          Annotations.field(idKey), "name the sandbox that the container joins", id);
    }
    return id;
  }

  private static String first(Map<String, String> annotations, String preferred, String other) {
    return annotations.containsKey(preferred) || !annotations.containsKey(other)
        ? preferred
        : other;
  }
}
