package dev.caisson.executor.network;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the operator decides about networks.
 *
 * @param configurations the directory of CNI configurations
 * @param plugins directories of CNI plugins; of programs of one name the first is run
 * @param namespace of the network, in which plugins run; empty: the executor's own
 */
public record NetworkSettings(Path configurations, List<Path> plugins, Optional<Path> namespace) {
  public NetworkSettings {
    plugins = List.copyOf(plugins);
  }
}
