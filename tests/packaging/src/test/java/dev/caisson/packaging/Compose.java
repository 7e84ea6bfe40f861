package dev.caisson.packaging;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A service of a Compose file: the Compose specification, "services". */
record Compose(String name, Map<String, Object> keys) {
  private static final Map<String, String> NAMESPACES =
      Map.of("pid", "pid", "cgroup", "cgroup", "userns_mode", "user", "ipc", "ipc", "uts", "uts");
  private static final String UNCONFINED = "=unconfined";

  static List<Compose> of(String file) {
    return Documents.map(Documents.yaml(file).get("services")).entrySet().stream()
        .map(entry -> new Compose(entry.getKey(), Documents.map(entry.getValue())))
        .toList();
  }

  Privileges privileges() {
    return new Privileges(
        user(), capabilities(), hostNamespaces(), networks(), unconfined(), mounts());
  }

  /** Without one, the image's, which nobody sees here. Its group is its own. */
  private String user() {
    String user = string("user");
    return user.equals("0:0") ? "root" : user.replaceFirst("^(\\d+):\\1$", "$1");
  }

  private Set<String> capabilities() {
    Set<String> all =
        strings("cap_add")
            .map(name -> "CAP_" + name)
            .collect(Collectors.toCollection(TreeSet::new));
    if (strings("cap_drop").noneMatch("ALL"::equals)) {
      all.add("those that containers usually have");
    }
    return all;
  }

  /** Also those of another service. */
  private Set<String> hostNamespaces() {
    return NAMESPACES.keySet().stream()
        .filter(key -> !string(key).isEmpty() && !string(key).equals("private"))
        .map(key -> NAMESPACES.get(key) + (string(key).equals("host") ? "" : " of " + string(key)))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private Set<String> networks() {
    String mode = string("network_mode");
    return mode.isEmpty()
        ? strings("networks").collect(Collectors.toCollection(TreeSet::new))
        : new TreeSet<>(Set.of(mode));
  }

  private Set<String> unconfined() {
    Set<String> all =
        strings("security_opt")
            .filter(option -> option.endsWith(UNCONFINED))
            .map(option -> option.substring(0, option.length() - UNCONFINED.length()))
            .collect(Collectors.toCollection(TreeSet::new));
    if (string("privileged").equals("true")) {
      all.add("privileged");
    }
    return all;
  }

  private Map<String, String> mounts() {
    Map<String, String> mounts = new TreeMap<>();
    volumes().forEach(volume -> mounts.put(volume.target(), volume.mode()));
    strings("tmpfs").forEach(mount -> mounts.put(mount.split(":", 2)[0], "tmpfs"));
    return mounts;
  }

  /**
   * The short syntax of "volumes".
   *
   * @param source a volume's name, or a path of the host
   */
  record Volume(String source, String target, String mode) {}

  List<Volume> volumes() {
    return strings("volumes").map(Compose::volume).toList();
  }

  /** A variable may have a default with a colon. */
  private static Volume volume(String text) {
    int end = text.startsWith("$") ? text.indexOf('}') + 1 : text.indexOf(':');
    String[] rest = text.substring(end + 1).split(":", 2);
    return new Volume(text.substring(0, end), rest[0], rest.length == 2 ? rest[1] : "rw");
  }

  /** Of security_opt, without what is unconfined. */
  Set<String> confined() {
    return strings("security_opt")
        .filter(option -> !option.endsWith(UNCONFINED))
        .collect(Collectors.toSet());
  }

  boolean isReadOnly() {
    return string("read_only").equals("true");
  }

  private String string(String key) {
    return keys.getOrDefault(key, "").toString();
  }

  private Stream<String> strings(String key) {
    return Documents.strings(keys.get(key)).stream();
  }
}
