package dev.caisson.auditor;

import io.micronaut.context.annotation.ConfigurationProperties;

/**
 * Which Kafka.
 *
 * @param bootstrapServers addresses, separated by commas
 * @param replication copies of topics that must be made; -1: the broker's default
 */
@ConfigurationProperties("caisson.kafka")
record KafkaConfiguration(String bootstrapServers, short replication) {}
