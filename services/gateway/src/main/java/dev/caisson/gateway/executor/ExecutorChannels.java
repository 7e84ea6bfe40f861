package dev.caisson.gateway.executor;

import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.rpc.Channels;
import io.grpc.ManagedChannel;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Factory;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

/** The connections to the executor: one to command, one to read its journal. */
@Factory
final class ExecutorChannels {
  @Singleton
  @Named("executor")
  @Bean(preDestroy = "shutdownNow")
  ManagedChannel executor(GatewayConfiguration configuration) {
    return Channels.unixNonBlocking(configuration.executorPath());
  }

  @Singleton
  @Named("journal")
  @Bean(preDestroy = "shutdownNow")
  ManagedChannel journal(GatewayConfiguration configuration) {
    return Channels.unixNonBlocking(configuration.journalPath());
  }
}
