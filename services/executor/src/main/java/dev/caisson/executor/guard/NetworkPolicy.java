package dev.caisson.executor.guard;

import java.util.List;
import java.util.Optional;

/**
 * Which networks of the host a sandbox may be joined to.
 *
 * @param names of the host's CNI configurations; the first is what is meant by no name
 * @param hostPorts of the host that may lead to a sandbox; empty: none
 */
public record NetworkPolicy(List<String> names, Optional<IdRange> hostPorts) {
  public NetworkPolicy {
    names = List.copyOf(names);
  }

  /** The network that a request means, which need not be allowed; empty where none is. */
  public Optional<String> named(String name) {
    return name.isEmpty() ? names.stream().findFirst() : Optional.of(name);
  }

  boolean allows(String name) {
    return named(name).filter(names::contains).isPresent();
  }

  boolean allowsHostPort(long port) {
    return hostPorts.filter(ports -> ports.contains(port, 1)).isPresent();
  }
}
