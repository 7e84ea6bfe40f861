package dev.caisson.gateway.executor;

import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.SocketLoop;
import io.grpc.ManagedChannel;
import io.micronaut.context.annotation.Bean;
import io.micronaut.context.annotation.Factory;
import jakarta.inject.Named;
import jakarta.inject.Singleton;

/** The connections to the executor: one to command, one to read its journal. */
@Factory
final class ExecutorChannels {
  /** The callers' sockets and the executor's are served by one thread: a call changes none. */
  @Singleton
  @Bean(preDestroy = "close")
  SocketLoop calls() {
    return new SocketLoop("calls");
  }

  @Singleton
  @Named("executor")
  @Bean(preDestroy = "shutdownNow")
  ManagedChannel executor(GatewayConfiguration configuration, SocketLoop calls) {
    return Channels.unixNonBlocking(configuration.executorPath(), calls);
  }

  @Singleton
  @Named("journal")
  @Bean(preDestroy = "shutdownNow")
  ManagedChannel journal(GatewayConfiguration configuration) {
    return Channels.unixNonBlocking(configuration.journalPath());
  }
}
