package dev.caisson.packaging;

import static java.util.function.Function.identity;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A container of a pod, with what its pod says of it: the Kubernetes API, PodSpec. */
record Pod(String component, Map<String, Object> spec, Map<String, Object> container) {
  private static final String COMPONENT = "app.kubernetes.io/component";
  private static final String UNCONFINED = "Unconfined";

  /** Configuration, which others add to Compose and units themselves. */
  private static final String CONFIGURATION = "/etc/caisson/";

  /** A part of {@code /sys}, which a runtime would otherwise replace by its own. */
  private static final String CGROUPS = "/sys/fs/cgroup";

  static List<Pod> of(List<Map<String, Object>> objects) {
    return objects.stream()
        .filter(object -> Documents.map(object.get("spec")).containsKey("template"))
        .flatMap(object -> {
          Map<String, Object> template =
              Documents.map(Documents.map(object.get("spec")).get("template"));
          Map<String, Object> spec = Documents.map(template.get("spec"));
          return Documents.maps(spec.get("containers")).stream()
              .map(container -> new Pod(labels(template).get(COMPONENT), spec, container));
        })
        .toList();
  }

  private static Map<String, String> labels(Map<String, Object> object) {
    return Documents.map(Documents.map(object.get("metadata")).get("labels")).entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().toString()));
  }

  String name() {
    return container.get("name").toString();
  }

  /** Without networks, which are others' to say. */
  Privileges privileges(Set<String> networks) {
    return new Privileges(
        user(),
        capabilities(),
        hostNamespaces(),
        makesItsNamespaces() ? Set.of("none") : networks,
        unconfined(),
        mounts());
  }

  private Map<String, Object> security() {
    return Documents.map(container.get("securityContext"));
  }

  private String user() {
    String user = String.valueOf(security().get("runAsUser"));
    return user.equals("0") ? "root" : user;
  }

  private Set<String> capabilities() {
    Map<String, Object> capabilities = Documents.map(security().get("capabilities"));
    Set<String> all =
        Documents.strings(capabilities.get("add")).stream()
            .map(name -> "CAP_" + name)
            .collect(Collectors.toCollection(TreeSet::new));
    if (!Documents.strings(capabilities.get("drop")).equals(List.of("ALL"))) {
      all.add("those that containers usually have");
    }
    return all;
  }

  /** The executor enters the host's cgroup namespace, and leaves the pod's network. */
  boolean makesItsNamespaces() {
    List<String> arguments = Documents.strings(container.get("args"));
    int at = arguments.indexOf("--own-namespaces");
    return at >= 0 && arguments.get(at + 1).equals("yes");
  }

  private Set<String> hostNamespaces() {
    Map<String, String> asked =
        Map.of("hostPID", "pid", "hostIPC", "ipc", "hostNetwork", "net", "hostUsers", "user");
    Set<String> all =
        asked.entrySet().stream()
            .filter(entry -> Boolean.TRUE.equals(spec.get(entry.getKey())))
            .map(Map.Entry::getValue)
            .collect(Collectors.toCollection(TreeSet::new));
    if (makesItsNamespaces()) {
      all.add("cgroup");
    }
    return all;
  }

  private Set<String> unconfined() {
    Set<String> all = new TreeSet<>();
    if (type("seccompProfile").equals(UNCONFINED)) {
      all.add("seccomp");
    }
    if (type("appArmorProfile").equals(UNCONFINED)) {
      all.add("apparmor");
    }
    if (makesItsNamespaces() || security().containsKey("procMount")) {
      all.add("systempaths");
    }
    if (Boolean.TRUE.equals(security().get("privileged"))) {
      all.add("privileged");
    }
    return all;
  }

  private String type(String profile) {
    return String.valueOf(Documents.map(security().get(profile)).get("type"));
  }

  boolean isReadOnly() {
    return Boolean.TRUE.equals(security().get("readOnlyRootFilesystem"));
  }

  /** Nothing that it executes has more than it has, and a filter of system calls holds it. */
  boolean isConfined() {
    return Boolean.FALSE.equals(security().get("allowPrivilegeEscalation"))
        && Boolean.TRUE.equals(security().get("runAsNonRoot"))
        && Set.of("RuntimeDefault", "Localhost").contains(type("seccompProfile"));
  }

  private Map<String, String> mounts() {
    Map<String, String> all = new TreeMap<>();
    for (Map<String, Object> mount : Documents.maps(container.get("volumeMounts"))) {
      String path = mount.get("mountPath").toString();
      if (path.startsWith(CONFIGURATION) ? !isConfiguration(mount) : !path.equals(CGROUPS)) {
        all.put(path, mode(mount));
      }
    }
    return all;
  }

  private static String mode(Map<String, Object> mount) {
    if (mount.get("mountPath").equals("/tmp")) {
      return "tmpfs";
    }
    return Boolean.TRUE.equals(mount.get("readOnly")) ? "ro" : "rw";
  }

  private boolean isConfiguration(Map<String, Object> mount) {
    Map<String, Object> volume = volumes().getOrDefault(mount.get("name").toString(), Map.of());
    return mode(mount).equals("ro")
        && (volume.containsKey("configMap") || volume.containsKey("secret"));
  }

  Map<String, Map<String, Object>> volumes() {
    return Documents.maps(spec.get("volumes")).stream()
        .collect(Collectors.toMap(volume -> volume.get("name").toString(), identity()));
  }

  Stream<String> mounted() {
    return Documents.maps(container.get("volumeMounts")).stream()
        .map(mount -> mount.get("name").toString());
  }

  /** Of the host, by where they are mounted. */
  Map<String, String> ofTheHost() {
    Map<String, String> all = new HashMap<>();
    for (Map<String, Object> mount : Documents.maps(container.get("volumeMounts"))) {
      Optional.ofNullable(volumes().get(mount.get("name").toString()))
          .map(volume -> Documents.map(volume.get("hostPath")).get("path"))
          .ifPresent(path -> all.put(mount.get("mountPath").toString(), path.toString()));
    }
    return all;
  }
}
