package dev.caisson.gateway.server;

import dev.caisson.gateway.access.AccessInterceptor;
import dev.caisson.gateway.admission.Admission;
import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.gateway.config.TlsConfiguration;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.identity.CallerInterceptor;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.SocketLoop;
import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.micronaut.context.event.ApplicationEventListener;
import io.micronaut.runtime.server.event.ServerStartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves every BindableService there is, on the Unix socket and where it is set for callers with
 * certificates. It starts when everything else has: that the socket is there means that the gateway
 * is ready, and nothing is left of one that fails to start.
 */
@Singleton
public final class GatewayServer implements ApplicationEventListener<ServerStartupEvent> {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayServer.class);

  private final GatewayConfiguration configuration;
  private final TlsConfiguration tls;
  private final List<BindableService> services;
  private final CallMetrics metrics;
  private final List<ServerInterceptor> interceptors;
  private final SocketLoop calls;
  private final List<GrpcServer> servers = new ArrayList<>();

  GatewayServer(
      GatewayConfiguration configuration,
      TlsConfiguration tls,
      List<BindableService> services,
      CallMetrics metrics,
      CallerInterceptor callers,
      AccessInterceptor access,
      Admission admission,
      SocketLoop calls) {
    if (tls.address().isPresent() && configuration.accessFile().isEmpty()) {
      throw new IllegalArgumentException(
          "caisson.gateway.access-file must be given with caisson.gateway.tls.address: it says who of"
              + " those with a certificate may do what");
    }
    this.configuration = configuration;
    this.tls = tls;
    this.services = services;
    this.metrics = metrics;
    this.interceptors = List.of(callers, access, admission);
    this.calls = calls;
  }

  @Override
  public void onApplicationEvent(ServerStartupEvent started) {
    try {
      Optional<InetSocketAddress> address = tls.listen();
      if (address.isPresent()) {
        servers.add(settled(GrpcServer.tls(address.get(), tls.files())).start());
        LOG.info("Serving with TLS at {}", tls.address().orElseThrow());
      }
      GrpcServer.Builder unix =
          settled(GrpcServer.unix(configuration.socketPath())).mode(configuration.socketMode());
      configuration.socketGroup().ifPresent(unix::group);
      servers.add(unix.start());
    } catch (IOException failure) {
      close();
      throw new UncheckedIOException(String.valueOf(failure.getMessage()), failure);
    }
    LOG.info("Serving at {}", configuration.socketPath());
  }

  private GrpcServer.Builder settled(GrpcServer.Builder builder) {
    return builder
        .domain(Errors.DOMAIN)
        .observers(List.of(metrics))
        .interceptors(interceptors)
        .services(services)
        // Nothing here blocks: what is served is handed on, or answered from memory.
        .executor(Runnable::run)
        .loop(calls)
        .grace(configuration.drain());
  }

  /** Of TLS; -1 where it is not served. */
  public int tlsPort() {
    return servers.isEmpty() ? -1 : servers.getFirst().port();
  }

  @PreDestroy
  void close() {
    servers.parallelStream().forEach(GrpcServer::close);
    servers.clear();
  }
}
