package dev.caisson.cli;

import dev.caisson.proto.types.v1.Network;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What {@code --network cni[:NAME]} and {@code --publish} ask for. */
final class Networks {
  static final String CNI = "cni";

  private Networks() {}

  /** Whether it is a network of the host's configuration, and not a namespace. */
  static boolean isCni(@Nullable String network) {
    return network != null && (network.equals(CNI) || network.startsWith(CNI + ":"));
  }

  static Optional<Network> of(@Nullable String network, List<String> published) {
    if (network == null || !isCni(network)) {
      if (!published.isEmpty()) {
        throw CliException.usage(
            "--publish needs a network of the host", "--network cni --publish " + published.get(0));
      }
      return Optional.empty();
    }
    String name = network.equals(CNI) ? "" : network.substring(CNI.length() + 1);
    return Optional.of(
        Network.newBuilder()
            .setName(name)
            .addAllPorts(published.stream().map(PublishedPort::parse).toList())
            .build());
  }
}
