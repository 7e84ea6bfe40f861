package dev.caisson.gateway.http;

import dev.caisson.rpc.GrpcServer;
import dev.caisson.rpc.ServerTls;
import dev.caisson.rpc.SocketFile;
import dev.caisson.rpc.SocketLoop;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A running HTTP/1.1 server: whole requests, of bounded size, go to a handler for each connection.
 * Thread-safe. Who starts it closes it.
 */
final class HttpServer implements AutoCloseable {
  /** Of a request's line, in bytes. */
  private static final int MAX_LINE = 8 * 1024;

  /** After so many a connection on which nothing happens says that it is there, or is closed. */
  private static final int IDLE_SECONDS = 15;

  private final Channel listening;
  private final ChannelGroup connections;
  private final @Nullable SocketFile socket;

  private HttpServer(Channel listening, ChannelGroup connections, @Nullable SocketFile socket) {
    this.listening = listening;
    this.connections = connections;
    this.socket = socket;
  }

  /** On a Unix socket, of which {@code mode} and {@code group} are as {@link GrpcServer}'s. */
  static HttpServer unix(
      Path path,
      Set<PosixFilePermission> mode,
      @Nullable String group,
      SocketLoop loop,
      Supplier<ChannelHandler> handlers)
      throws IOException {
    SocketFile socket = SocketFile.claim(path);
    try {
      HttpServer server = bind(socket.bindAddress(), null, socket, loop, handlers);
      socket.publish(mode, null, group);
      return server;
    } catch (IOException | RuntimeException failure) {
      socket.close();
      throw failure;
    }
  }

  /** On TCP, with TLS. */
  static HttpServer tls(
      InetSocketAddress address, ServerTls tls, SocketLoop loop, Supplier<ChannelHandler> handlers)
      throws IOException {
    return bind(address, tls.httpContext(loop.group()), null, loop, handlers);
  }

  private static HttpServer bind(
      SocketAddress address,
      @Nullable SslContext tls,
      @Nullable SocketFile socket,
      SocketLoop loop,
      Supplier<ChannelHandler> handlers)
      throws IOException {
    ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    ServerBootstrap bootstrap = new ServerBootstrap();
    if (socket == null) {
      bootstrap.childOption(ChannelOption.SO_KEEPALIVE, true); // finds who went without a word
    }
    var bound =
        bootstrap
            .group(loop.group())
            .channel(
                socket == null ? NioServerSocketChannel.class : NioServerDomainSocketChannel.class)
            .childHandler(new Connection(tls, connections, handlers))
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException("Failed to listen at " + address, bound.cause());
    }
    return new HttpServer(bound.channel(), connections, socket);
  }

  /** What a connection's bytes go through. */
  private static final class Connection extends ChannelInitializer<Channel> {
    private final @Nullable SslContext tls;
    private final ChannelGroup connections;
    private final Supplier<ChannelHandler> handlers;
    private final AtomicLong arriving = new AtomicLong();

    Connection(
        @Nullable SslContext tls, ChannelGroup connections, Supplier<ChannelHandler> handlers) {
      this.tls = tls;
      this.connections = connections;
      this.handlers = handlers;
    }

    @Override
    protected void initChannel(Channel channel) {
      if (connections.size() >= GrpcServer.MAX_CONNECTIONS) {
        var _ = channel.close();
        return;
      }
      connections.add(channel);
      if (tls != null) {
        channel.pipeline().addLast(tls.newHandler(channel.alloc()));
      }
      Arrival arrival = new Arrival(arriving);
      channel
          .pipeline()
          .addLast(
              new Arrival.FirstByte(arrival),
              new HttpServerCodec(
                  new HttpDecoderConfig()
                      .setMaxInitialLineLength(MAX_LINE)
                      .setMaxHeaderSize(GrpcServer.MAX_HEADERS)),
              arrival,
              new HttpServerKeepAliveHandler(),
              new HttpObjectAggregator(GrpcServer.MAX_MESSAGE, true),
              new IdleStateHandler(0, 0, IDLE_SECONDS),
              handlers.get());
    }
  }

  /** The TCP port; -1 on a Unix socket. */
  int port() {
    return listening.localAddress() instanceof InetSocketAddress address ? address.getPort() : -1;
  }

  /** Takes no more connections; those that are there go on. */
  void stopListening() {
    var _ = listening.close().awaitUninterruptibly();
  }

  @Override
  public void close() {
    stopListening();
    var _ = connections.close().awaitUninterruptibly();
    if (socket != null) {
      try {
        socket.close();
      } catch (IOException failure) {
        System.getLogger(HttpServer.class.getName())
            .log(System.Logger.Level.WARNING, "Failed to remove the socket", failure);
      }
    }
  }
}
