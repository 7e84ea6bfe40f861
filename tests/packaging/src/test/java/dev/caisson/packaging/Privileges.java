package dev.caisson.packaging;

import static java.util.function.Function.identity;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a service is given.
 *
 * @param user the user that it is, {@code root} or a number
 * @param capabilities by the names of capabilities(7)
 * @param hostNamespaces those of the host that it is in, but for the network
 * @param networks by name; {@code none}: an empty namespace; {@code host}: the host's
 * @param unconfined what does not hold it that usually holds containers
 * @param mounts paths, with {@code ro}, {@code rw} or {@code tmpfs}
 */
record Privileges(
    String user,
    Set<String> capabilities,
    Set<String> hostNamespaces,
    Set<String> networks,
    Set<String> unconfined,
    Map<String, String> mounts) {

  private static final String FILE = "packaging/privileges.yaml";

  /** What each service may be given. */
  static Map<String, Privileges> allowed() {
    Map<String, Object> services = Documents.yaml(FILE);
    return services.keySet().stream()
        .collect(Collectors.toMap(identity(), name -> allowed(Documents.map(services.get(name)))));
  }

  private static Privileges allowed(Map<String, Object> service) {
    Map<String, String> mounts = new TreeMap<>();
    Documents.map(service.get("mounts"))
        .forEach((path, why) -> mounts.put(path, why.toString().split(",", 2)[0]));
    return new Privileges(
        String.join(" ", keys(service, "user")),
        keys(service, "capabilities"),
        keys(service, "host-namespaces"),
        keys(service, "network"),
        keys(service, "unconfined"),
        mounts);
  }

  private static Set<String> keys(Map<String, Object> service, String kind) {
    return new TreeSet<>(Documents.map(service.get(kind)).keySet());
  }

  /** Every reason that is given, by what it is for. */
  static Map<String, String> reasons() {
    Map<String, String> reasons = new TreeMap<>();
    Documents.yaml(FILE)
        .forEach((service, kinds) ->
            Documents.map(kinds)
                .forEach((kind, entries) ->
                    Documents.map(entries)
                        .forEach((what, why) ->
                            reasons.put(
                                service + " " + kind + " " + what,
                                kind.equals("mounts")
                                    ? why.toString().replaceFirst("^[a-z]*, ?", "")
                                    : why.toString()))));
    return reasons;
  }
}
