package dev.caisson.gateway.server;

import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.CallerInterceptor;
import dev.caisson.rpc.GrpcServer;
import io.grpc.BindableService;
import io.micronaut.context.annotation.Context;
import jakarta.annotation.PreDestroy;
import java.io.IOException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves every BindableService there is, from the start of the application to its end. */
@Context
final class GatewayServer {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayServer.class);

  private final GrpcServer server;

  GatewayServer(
      GatewayConfiguration configuration,
      List<BindableService> services,
      CallMetrics metrics,
      CallerInterceptor callers)
      throws IOException {
    GrpcServer.Builder builder =
        GrpcServer.unix(configuration.socketPath())
            .mode(configuration.socketMode())
            .domain(Errors.DOMAIN)
            .observers(List.of(metrics))
            .interceptors(List.of(callers))
            .services(services)
            .grace(configuration.drain());
    configuration.socketGroup().ifPresent(builder::group);
    this.server = builder.start();
    LOG.info("Serving at {}", configuration.socketPath());
  }

  @PreDestroy
  void close() {
    server.close();
  }
}
