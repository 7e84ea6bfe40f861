package dev.caisson.gateway.server;

import io.grpc.ManagedChannel;
import io.micronaut.context.annotation.Factory;
import io.micronaut.health.HealthStatus;
import io.micronaut.management.health.indicator.HealthIndicator;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

/** What `/health` tells about the services behind the gateway. */
@Factory
final class HealthIndicators {
  /** Neither operational nor not: of the whole, that comes between UP and DOWN. */
  private static final HealthStatus DEGRADED = new HealthStatus("DEGRADED");

  @Singleton
  @Named("executor")
  HealthIndicator executor(@Named("executor") ManagedChannel channel) {
    return new UpstreamHealth("executor", channel, HealthStatus.DOWN);
  }

  @Singleton
  @Named("journal")
  HealthIndicator journal(@Named("journal") ManagedChannel channel) {
    return new UpstreamHealth("journal", channel, HealthStatus.DOWN);
  }

  /** All else is served without it, so that the whole is not down. */
  @Singleton
  @Named("auditor")
  HealthIndicator auditor(@Named("auditor") ManagedChannel channel) {
    return new UpstreamHealth("auditor", channel, DEGRADED);
  }
}
