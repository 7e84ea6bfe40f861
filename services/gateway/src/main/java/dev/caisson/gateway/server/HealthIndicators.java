package dev.caisson.gateway.server;

import io.grpc.ManagedChannel;
import io.micronaut.context.annotation.Factory;
import io.micronaut.management.health.indicator.HealthIndicator;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

/** What `/health` tells about the services behind the gateway. */
@Factory
final class HealthIndicators {
  @Singleton
  @Named("executor")
  HealthIndicator executor(@Named("executor") ManagedChannel channel) {
    return new UpstreamHealth("executor", channel);
  }

  @Singleton
  @Named("journal")
  HealthIndicator journal(@Named("journal") ManagedChannel channel) {
    return new UpstreamHealth("journal", channel);
  }
}
