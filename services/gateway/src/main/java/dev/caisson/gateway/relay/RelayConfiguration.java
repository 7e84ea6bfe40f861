package dev.caisson.gateway.relay;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.context.annotation.Requires;
import io.micronaut.core.bind.annotation.Bindable;
import java.time.Duration;

/**
 * Settings below {@code caisson.kafka}. Without an address nothing is relayed.
 *
 * @param bootstrapServers addresses, separated by commas
 * @param replication copies of topics that must be made; -1: the broker's default
 * @param linger how long records wait for others to share their transaction: {@link Batching}
 */
@ConfigurationProperties("caisson.kafka")
@Requires(property = "caisson.kafka.bootstrap-servers")
record RelayConfiguration(
    String bootstrapServers,
    @Bindable(defaultValue = "-1") short replication,
    @Bindable(defaultValue = "200ms") Duration linger) {

  Batching batching() {
    return new Batching(linger, Batching.BYTES);
  }
}
