package dev.caisson.gateway.server;

import dev.caisson.gateway.access.AccessInterceptor;
import dev.caisson.gateway.admission.Admission;
import dev.caisson.gateway.api.WatchStart;
import dev.caisson.gateway.bridge.PromptCalls;
import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.gateway.config.HttpConfiguration;
import dev.caisson.gateway.config.TlsConfiguration;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.http.HttpGateway;
import dev.caisson.gateway.identity.CallerInterceptor;
import dev.caisson.gateway.tracing.Tracing;
import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.SocketLoop;
import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.micronaut.context.event.ApplicationEventListener;
import io.micronaut.runtime.server.event.ServerStartupEvent;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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

  /** Clients send it with the call. As long as a body of HTTP may take. */
  private static final Duration FIRST_MESSAGE = Duration.ofSeconds(30);

  private final GatewayConfiguration configuration;
  private final TlsConfiguration tls;
  private final HttpConfiguration http;
  private final List<BindableService> services;
  private final List<ServerInterceptor> observers;
  private final PromptCalls prompt = new PromptCalls(FIRST_MESSAGE, GatewayServer::tooLate);
  private final List<ServerInterceptor> interceptors;
  private final SocketLoop calls;
  private final List<GrpcServer> servers = new ArrayList<>();
  private @Nullable HttpGateway httpGateway;

  GatewayServer(
      GatewayConfiguration configuration,
      TlsConfiguration tls,
      HttpConfiguration http,
      List<BindableService> services,
      CallMetrics metrics,
      Tracing tracing,
      CallerInterceptor callers,
      AccessInterceptor access,
      Admission admission,
      SocketLoop calls) {
    boolean secured = tls.address().isPresent() || http.address().isPresent();
    if (secured && configuration.accessFile().isEmpty()) {
      throw new IllegalArgumentException(
          "caisson.gateway.access-file must be given with caisson.gateway.tls.address or .http.address: it says who of"
              + " those with a certificate may do what");
    }
    if (http.address().isPresent() && tls.certificate().isEmpty()) {
      throw new IllegalArgumentException(
          "caisson.gateway.tls.certificate, .key and .authorities must be given with"
              + " caisson.gateway.http.address");
    }
    this.configuration = configuration;
    this.tls = tls;
    this.http = http;
    this.services = services;
    this.observers = Stream.concat(Stream.of(metrics), tracing.served().stream()).toList();
    this.interceptors = List.of(callers, prompt, access, admission, new WatchStart());
    this.calls = calls;
  }

  private static StatusRuntimeException tooLate() {
    return Errors.of(
        Status.Code.INVALID_ARGUMENT,
        Reason.INVALID_STREAM.name(),
        "the first message must come within %d s: send it with the call"
            .formatted(FIRST_MESSAGE.toSeconds()),
        Map.of());
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
      httpGateway =
          HttpGateway.start(
              http,
              tls,
              new HttpGateway.Served(services, Errors.DOMAIN, observers, interceptors, calls),
              PosixFilePermissions.fromString(configuration.socketMode()),
              configuration.socketGroup().orElse(null),
              configuration.drain());
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
        .observers(observers)
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

  /** Of HTTP with TLS; -1 where it is not served. */
  public int httpPort() {
    return httpGateway == null ? -1 : httpGateway.tlsPort();
  }

  @PreDestroy
  void close() {
    HttpGateway overHttp = httpGateway;
    Stream.concat(
            servers.stream().map(one -> (Runnable) one::close),
            Stream.ofNullable(overHttp).map(one -> (Runnable) one::close))
        .parallel()
        .forEach(Runnable::run);
    servers.clear();
    httpGateway = null;
    prompt.close();
  }
}
