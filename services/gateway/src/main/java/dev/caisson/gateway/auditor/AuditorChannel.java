package dev.caisson.gateway.auditor;

import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Factory;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

/** The connections to the auditor, which may come, go and come back. */
@Factory
final class AuditorChannel {
  /** On a thread of its own: pages of the trail are large, and hold up nobody's containers. */
  @Singleton
  @Named("auditor")
  @Bean(preDestroy = "shutdownNow")
  ManagedChannel auditor(GatewayConfiguration configuration) {
    return Channels.unixNonBlocking(configuration.auditorPath());
  }

  /** As many as an auditor takes on one connection must not keep questions out. */
  @Singleton
  @Named("auditor-watches")
  @Bean(preDestroy = "shutdownNow")
  ManagedChannel watches(GatewayConfiguration configuration) {
    return Channels.unixNonBlocking(configuration.auditorPath());
  }
}
