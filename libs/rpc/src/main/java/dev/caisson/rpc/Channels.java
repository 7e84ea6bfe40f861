package dev.caisson.rpc;

import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Connections to Caisson's services. */
public final class Channels {
  /** For a call whose caller sets none: long enough for a slow machine, short enough to notice. */
  public static final Duration DEADLINE = Duration.ofSeconds(30);

  /** What routers on the way forget later than that; servers take it not more often. */
  private static final Duration KEEP_ALIVE = Duration.ofMinutes(5);

  private Channels() {}

  /**
   * A channel to a Unix socket, which connects with the first call and again when it must, within a
   * second of the server's return. Whoever opens it shuts it down.
   */
  public static ManagedChannel unix(Path socket) {
    EventLoopGroup loop = eventLoop();
    return new ReconnectingChannel(toSocket(socket, loop).build(), loop);
  }

  /**
   * The same, with what gRPC calls a service config: which calls are made again by the channel
   * itself.
   */
  public static ManagedChannel unix(Path socket, Map<String, ?> serviceConfig) {
    EventLoopGroup loop = eventLoop();
    return new ReconnectingChannel(configured(toSocket(socket, loop), serviceConfig).build(), loop);
  }

  /**
   * The same for one whose callers never block in what they are called back with: it is called by
   * the thread that reads the socket, which saves handing each message over.
   */
  public static ManagedChannel unixNonBlocking(Path socket) {
    EventLoopGroup loop = eventLoop();
    return new ReconnectingChannel(toSocket(socket, loop).directExecutor().build(), loop);
  }

  /** The same on a loop that others use too. */
  public static ManagedChannel unixNonBlocking(Path socket, SocketLoop shared) {
    EventLoopGroup loop = shared.group();
    return ReconnectingChannel.sharing(toSocket(socket, loop).directExecutor().build(), loop);
  }

  private static NettyChannelBuilder toSocket(Path socket, EventLoopGroup loop) {
    return withoutKeepAlive(
            bounded(NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket))))
        .channelType(NioDomainSocketChannel.class)
        .eventLoopGroup(loop)
        .overrideAuthority("localhost");
  }

  /** The same to a TCP address, without encryption: for loopback. */
  public static ManagedChannel tcp(InetSocketAddress address) {
    EventLoopGroup loop = eventLoop();
    return new ReconnectingChannel(
        bounded(NettyChannelBuilder.forAddress(address))
            .channelType(NioSocketChannel.class)
            .eventLoopGroup(loop)
            .build(),
        loop);
  }

  /**
   * A channel to a server on another machine. Whoever opens it shuts it down.
   *
   * @param serviceConfig of gRPC: which calls are made again by the channel itself
   * @throws IOException that names the files, if one cannot be used
   */
  public static ManagedChannel tls(
      String host, int port, ClientTls files, Map<String, ?> serviceConfig) throws IOException {
    SslContext context = files.context();
    EventLoopGroup loop = eventLoop();
    return new ReconnectingChannel(
        configured(limited(NettyChannelBuilder.forAddress(host, port)), serviceConfig)
            .sslContext(context)
            .keepAliveTime(KEEP_ALIVE.toMinutes(), TimeUnit.MINUTES)
            .channelType(NioSocketChannel.class)
            .eventLoopGroup(loop)
            .build(),
        loop);
  }

  /** By this config alone, and not by one that whoever owns a name in the DNS has put there. */
  private static NettyChannelBuilder configured(
      NettyChannelBuilder builder, Map<String, ?> serviceConfig) {
    return builder.enableRetry().defaultServiceConfig(serviceConfig).disableServiceConfigLookUp();
  }

  /** The stub with the default deadline, counted from now. */
  public static <S extends AbstractStub<S>> S withDeadline(S stub) {
    return stub.withDeadlineAfter(DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static NettyChannelBuilder bounded(NettyChannelBuilder builder) {
    return limited(builder.usePlaintext());
  }

  private static NettyChannelBuilder limited(NettyChannelBuilder builder) {
    return builder
        .disableRetry()
        .maxInboundMessageSize(GrpcServer.MAX_MESSAGE)
        .maxInboundMetadataSize(GrpcServer.MAX_HEADERS)
        .flowControlWindow(GrpcServer.STREAM_WINDOW);
  }

  @SuppressWarnings("NullAway") // Netty takes null to mean: do not set the option.
  private static NettyChannelBuilder withoutKeepAlive(NettyChannelBuilder builder) {
    // Unix sockets do not have it, and Netty warns of it for each connection.
    return builder.withOption(ChannelOption.SO_KEEPALIVE, null);
  }

  private static EventLoopGroup eventLoop() {
    return new MultiThreadIoEventLoopGroup(
        1, new DefaultThreadFactory("grpc-client", true), NioIoHandler.newFactory());
  }
}
