package dev.caisson.executor.network;

import dev.caisson.proto.types.v1.NetworkStatus;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The files by which programs know names, as text: those of a sandbox, below {@code /etc}. */
public final class NameFiles {
  public static final String HOSTS = "hosts";
  public static final String HOSTNAME = "hostname";
  public static final String RESOLVER = "resolv.conf";

  private NameFiles() {}

  /** In a fixed order. */
  public static Set<String> names() {
    return new TreeMap<>(Map.of(HOSTS, "", HOSTNAME, "", RESOLVER, "")).keySet();
  }

  /**
   * By their names.
   *
   * @param hosts the host's own resolv.conf, for where the network says nothing
   */
  static Map<String, String> of(String hostname, NetworkStatus status, String hosts) {
    return Map.of(
        HOSTS, hosts(hostname, status),
        HOSTNAME, hostname + "\n",
        RESOLVER, resolver(status.getDns(), hosts));
  }

  private static String hosts(String hostname, NetworkStatus status) {
    StringBuilder lines =
        new StringBuilder("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
    for (NetworkStatus.NetworkInterface one : status.getInterfacesList()) {
      for (NetworkStatus.Address address : one.getAddressesList()) {
        String alone = address.getAddress().substring(0, address.getAddress().indexOf('/'));
        lines.append(alone).append('\t').append(hostname).append('\n');
      }
    }
    return lines.toString();
  }

  private static String resolver(NetworkStatus.Dns dns, String hosts) {
    if (dns.getNameserversCount() == 0) {
      return hosts;
    }
    StringBuilder lines = new StringBuilder();
    dns.getNameserversList().forEach(server -> line(lines, "nameserver", List.of(server)));
    if (!dns.getDomain().isEmpty()) {
      line(lines, "domain", List.of(dns.getDomain()));
    }
    line(lines, "search", dns.getSearchList());
    line(lines, "options", dns.getOptionsList());
    return lines.toString();
  }

  private static void line(StringBuilder lines, String keyword, List<String> values) {
    if (!values.isEmpty()) {
      lines.append(keyword).append(' ').append(String.join(" ", values)).append('\n');
    }
  }
}
