package dev.caisson.executor.sandbox;

import dev.caisson.executor.procfs.NetworkDevices;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.types.v1.Namespace;
import dev.caisson.proto.types.v1.NetworkStatistics;
import dev.caisson.proto.types.v1.Statistics;
import java.util.Optional;

/** What sandboxes and containers use. Takes no turn in any queue, and never forks. */
final class StatisticsReader {
  private final Host host;

  StatisticsReader(Host host) {
    this.host = host;
  }

  Statistics of(Sandbox sandbox, boolean raw) {
    return complete(sandbox.cgroup().statistics(raw), sandbox);
  }

  Statistics of(Container container, boolean raw) {
    return complete(container.cgroup().statistics(raw), container.sandbox());
  }

  private Statistics complete(Statistics.Builder counted, Sandbox sandbox) {
    network(sandbox).ifPresent(counted::setNetwork);
    return counted.setTime(Exits.timestamp(host.clock().instant())).build();
  }

  /** As caisson-init sees it, which is there as long as the sandbox is. */
  private Optional<NetworkStatistics> network(Sandbox sandbox) {
    if (Facts.shared(sandbox.record()).isHosts(Namespace.Type.NETWORK)) {
      return Optional.empty();
    }
    try {
      return sandbox
          .holder()
          .map(holder -> NetworkDevices.parse(host.proc().read(holder.pidfd(), "net/dev")));
    } catch (LinuxException _) { // it has ended, or is let go of
      return Optional.empty();
    }
  }
}
