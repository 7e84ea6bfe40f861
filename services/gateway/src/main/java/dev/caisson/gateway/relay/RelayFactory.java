package dev.caisson.gateway.relay;

import io.grpc.ManagedChannel;
import io.micrometer.core.instrument.MeterRegistry;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Context;
import io.micronaut.context.annotation.Factory;
import io.micronaut.context.annotation.Requires;
import jakarta.inject.Named;
import java.time.Clock;

/** The relay, where a Kafka is configured. Nothing waits for it. */
@Factory
@Requires(beans = RelayConfiguration.class)
final class RelayFactory {

  @Context
  @Bean(preDestroy = "close")
  Relay relay(
      RelayConfiguration kafka, @Named("journal") ManagedChannel journal, MeterRegistry registry) {
    RelayMetrics metrics = new RelayMetrics(registry, Clock.systemUTC());
    return Relay.start(
        new RelayOpening(kafka, new GrpcJournal(journal, kafka.batching()), metrics), metrics);
  }
}
