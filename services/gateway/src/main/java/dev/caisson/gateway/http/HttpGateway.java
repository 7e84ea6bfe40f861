package dev.caisson.gateway.http;

import dev.caisson.gateway.config.HttpConfiguration;
import dev.caisson.gateway.config.TlsConfiguration;
import dev.caisson.rpc.ServedCalls;
import dev.caisson.rpc.SocketLoop;
import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The servers of the API over HTTP: on a Unix socket, and with TLS where that is set. Thread-safe.
 */
public final class HttpGateway implements AutoCloseable {
  private static final long LOOK_NANOS = 20_000_000;

  private final List<HttpServer> servers = new ArrayList<>();
  private final List<ServedCalls> calls = new ArrayList<>();
  private final Duration grace;

  private HttpGateway(Duration grace) {
    this.grace = grace;
  }

  /** What all of its servers share. */
  public record Served(
      List<BindableService> services,
      String domain,
      List<ServerInterceptor> observers,
      List<ServerInterceptor> interceptors,
      SocketLoop loop) {}

  /**
   * Serves where it is set.
   *
   * @param mode of the socket
   * @param group of the socket; null: the gateway's own
   * @param grace how long calls may take at close
   */
  public static HttpGateway start(
      HttpConfiguration configuration,
      TlsConfiguration tls,
      Served served,
      Set<PosixFilePermission> mode,
      @Nullable String group,
      Duration grace)
      throws IOException {
    HttpGateway gateway = new HttpGateway(grace);
    try {
      if (configuration.listen().isPresent()) {
        gateway.servers.add(
            HttpServer.tls(
                configuration.listen().get(),
                tls.files(),
                served.loop(),
                gateway.handlers(served, false)));
      }
      if (configuration.socketPath().isPresent()) {
        gateway.servers.add(
            HttpServer.unix(
                configuration.socketPath().get(),
                mode,
                group,
                served.loop(),
                gateway.handlers(served, true)));
      }
      return gateway;
    } catch (IOException | RuntimeException failure) {
      gateway.close();
      throw failure;
    }
  }

  private Supplier<ChannelHandler> handlers(Served served, boolean unix) {
    ServedCalls made =
        new ServedCalls(
            served.services(), served.domain(), unix, served.observers(), served.interceptors());
    calls.add(made);
    Router router = new Router(made);
    ByteBuf document =
        Unpooled.unreleasableBuffer(
            Unpooled.copiedBuffer(OpenApi.document(router.routes()), StandardCharsets.UTF_8)
                .asReadOnly());
    return () -> new HttpConnection(made, router, document);
  }

  /** Of TLS; -1 where it is not served. */
  public int tlsPort() {
    return servers.isEmpty() ? -1 : servers.getFirst().port();
  }

  @Override
  public void close() {
    servers.forEach(HttpServer::stopListening);
    long end = System.nanoTime() + grace.toNanos();
    while (!calls.stream().allMatch(ServedCalls::isIdle) && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(LOOK_NANOS);
    }
    calls.forEach(ServedCalls::endAll);
    servers.forEach(HttpServer::close);
    servers.clear();
  }
}
