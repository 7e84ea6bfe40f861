package dev.caisson.executor.guard;

import dev.caisson.proto.executor.v1.CreateContainerRequest;
import dev.caisson.proto.types.v1.ContainerSpec;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.Network;
import dev.caisson.proto.types.v1.PortMapping;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;

/** The network that a sandbox is joined to. */
final class NetworkRules {
  /** What every CNI plugin takes for a name. */
  static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,63}");

  private static final int MAX_PORTS = 64;

  /** Whether it is an address, the plugin that uses it decides. */
  private static final Pattern ADDRESS = Pattern.compile("[0-9A-Fa-f.:]{0,45}");

  private NetworkRules() {}

  /** Of a container that makes its own sandbox, or joins one. */
  static void check(NetworkPolicy policy, CreateContainerRequest request) {
    if (!request.hasNetwork()) {
      return;
    }
    Bounds.check(
        request.getSandboxId().isEmpty(),
        "network",
        "be absent where the container joins a sandbox, whose network it has",
        request.getSandboxId());
    Bounds.check(
        hasOwnNetwork(request.getSpec()),
        "network",
        "be absent where namespaces does not list a new one of type network",
        request.getNetwork().getName());
    check(policy, request.getNetwork());
  }

  private static boolean hasOwnNetwork(ContainerSpec spec) {
    return spec.getNamespacesList().stream()
        .anyMatch(one -> one.getType() == Namespace.Type.NETWORK && one.getPath().isEmpty());
  }

  static void check(NetworkPolicy policy, Network network) {
    String name = network.getName();
    Bounds.check(
        name.isEmpty() || NAME.matcher(name).matches(),
        "network.name",
        "be 1 to 64 of A-Z a-z 0-9 _ . -, the first a letter or digit",
        name);
    Bounds.atMost("network.ports", network.getPortsCount(), MAX_PORTS, "entries");
    Set<String> taken = new HashSet<>();
    for (int i = 0; i < network.getPortsCount(); i++) {
      checkBounds("network.ports[" + i + "]", network.getPorts(i), taken);
    }
    if (!policy.allows(name)) {
      throw HostRules.refused(
          "networks.cni",
          policy.names().isEmpty()
              ? "This host joins no sandbox to a network."
              : "This host joins no sandbox to the network " + name + ".");
    }
    network.getPortsList().forEach(port -> checkHostPort(policy, port));
  }

  private static void checkBounds(String field, PortMapping port, Set<String> taken) {
    range(field + ".host_port", port.getHostPort());
    range(field + ".container_port", port.getContainerPort());
    switch (port.getProtocol()) {
      case TCP, UDP, SCTP -> {}
      case PROTOCOL_UNSPECIFIED, UNRECOGNIZED ->
          Bounds.check(false, field + ".protocol", "be TCP, UDP or SCTP", port.getProtocol());
    }
    boolean address = ADDRESS.matcher(port.getHostIp()).matches();
    Bounds.check(address, field + ".host_ip", "be an IP address", port.getHostIp());
    String key = port.getProtocol() + " " + port.getHostPort() + " " + port.getHostIp();
    Bounds.check(
        taken.add(key), field + ".host_port", "be mapped once", port.getHostPort() & 0xffff);
  }

  private static void range(String field, int port) {
    Bounds.range(field, Integer.toUnsignedLong(port), 1, Bounds.MAX_PORT);
  }

  private static void checkHostPort(NetworkPolicy policy, PortMapping port) {
    if (!policy.allowsHostPort(port.getHostPort())) {
      throw HostRules.refused(
          "networks.host-ports",
          "This host does not let its port " + port.getHostPort() + " lead to a sandbox.");
    }
  }
}
