package dev.caisson.gateway.relay;

import dev.caisson.events.KafkaAccess;
import dev.caisson.gateway.tracing.Tracing;
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
  KafkaAccess kafkaAccess(RelayConfiguration configuration) {
    return configuration.access();
  }

  @Context
  @Bean(preDestroy = "close")
  Relay relay(
      RelayConfiguration configuration,
      KafkaAccess kafka,
      @Named("journal") ManagedChannel channel,
      MeterRegistry registry,
      Tracing tracing) {
    GrpcJournal journal = new GrpcJournal(channel, configuration.batching());
    Clock clock = Clock.systemUTC();
    RelayMetrics metrics = new RelayMetrics(registry, clock, new LagWatch(journal, clock));
    return Relay.start(new RelayOpening(kafka, journal, metrics, tracing.recorded()), metrics);
  }
}
