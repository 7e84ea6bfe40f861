package dev.caisson.gateway.relay;

import io.micronaut.context.annotation.ConfigurationProperties;
import io.micronaut.context.annotation.Requires;
import io.micronaut.core.bind.annotation.Bindable;

/**
 * Settings below {@code caisson.kafka}. Without an address nothing is relayed.
 *
 * @param bootstrapServers addresses, separated by commas
 * @param replication copies of topics that must be made; -1: the broker's default
 */
@ConfigurationProperties("caisson.kafka")
@Requires(property = "caisson.kafka.bootstrap-servers")
record RelayConfiguration(
    String bootstrapServers, @Bindable(defaultValue = "-1") short replication) {}
