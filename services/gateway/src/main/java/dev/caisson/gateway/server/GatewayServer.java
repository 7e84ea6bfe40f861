package dev.caisson.gateway.server;

import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.CallerInterceptor;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.SocketLoop;
import io.grpc.BindableService;
import io.micronaut.context.event.ApplicationEventListener;
import io.micronaut.runtime.server.event.ServerStartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves every BindableService there is. It starts when everything else has: that the socket is
 * there means that the gateway is ready, and nothing is left of one that fails to start.
 */
@Singleton
final class GatewayServer implements ApplicationEventListener<ServerStartupEvent> {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayServer.class);

  private final GatewayConfiguration configuration;
  private final GrpcServer.Builder builder;
  private @Nullable GrpcServer server;

  GatewayServer(
      GatewayConfiguration configuration,
      List<BindableService> services,
      CallMetrics metrics,
      CallerInterceptor callers,
      SocketLoop calls) {
    this.configuration = configuration;
    this.builder =
        GrpcServer.unix(configuration.socketPath())
            .mode(configuration.socketMode())
            .domain(Errors.DOMAIN)
            .observers(List.of(metrics))
            .interceptors(List.of(callers))
            .services(services)
            // Nothing here blocks: what is served is handed on, or answered from memory.
            .executor(Runnable::run)
            .loop(calls)
            .grace(configuration.drain());
    configuration.socketGroup().ifPresent(builder::group);
  }

  @Override
  public void onApplicationEvent(ServerStartupEvent started) {
    try {
      server = builder.start();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    LOG.info("Serving at {}", configuration.socketPath());
  }

  @PreDestroy
  void close() {
    if (server != null) {
      server.close();
    }
  }
}
