package dev.caisson.rpc;

import static java.util.Objects.requireNonNull;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A running gRPC server, with grpc.health.v1 and reflection beside its services. Thread-safe. Who
 * starts it closes it: close refuses new calls, lets those that run finish for the grace period,
 * and ends the rest as UNAVAILABLE.
 */
public final class GrpcServer implements AutoCloseable {
  /** Of one message, in bytes. */
  public static final int MAX_MESSAGE = 4 * 1024 * 1024;

  /**
   * What a peer may send on one stream before it is read, in bytes. The window of the connection is
   * refilled apart from it, so one slow stream holds up no other.
   */
  public static final int STREAM_WINDOW = 64 * 1024;

  /** Of the headers of one call, in bytes. */
  public static final int MAX_HEADERS = 16 * 1024;

  /** Calls at the same time on one connection; more of them wait at the client. */
  public static final int MAX_CALLS = 1024;

  /** Connections at the same time; more of them are closed at once. */
  public static final int MAX_CONNECTIONS = 1024;

  /** How long calls that run may take to finish when the server closes. */
  public static final Duration GRACE = Duration.ofSeconds(5);

  /** How long a client may take to hear that its call was ended, before it is cut off. */
  private static final Duration FAREWELL = Duration.ofSeconds(1);

  private final Server server;
  private final HealthStatusManager health;
  private final ErrorInterceptor calls;
  private final @Nullable EventLoopGroup ownLoops;
  private final @Nullable SocketFile socket;
  private final Duration grace;

  private GrpcServer(
      Server server,
      HealthStatusManager health,
      ErrorInterceptor calls,
      @Nullable EventLoopGroup ownLoops,
      @Nullable SocketFile socket,
      Duration grace) {
    this.server = server;
    this.health = health;
    this.calls = calls;
    this.ownLoops = ownLoops;
    this.socket = socket;
    this.grace = grace;
  }

  /** A server on a Unix socket, which knows its callers. Its directory must exist. */
  public static Builder unix(Path socket) {
    return new Builder(socket, new InetSocketAddress(0), null);
  }

  /**
   * A server on TCP at the loopback address, which knows nothing of its callers.
   *
   * @param port 0: any that is free
   */
  public static Builder loopback(int port) {
    return new Builder(null, new InetSocketAddress(InetAddress.getLoopbackAddress(), port), null);
  }

  /** A server on TCP whose callers have certificates: {@link PeerCertificate}. */
  public static Builder tls(InetSocketAddress address, ServerTls tls) {
    return new Builder(null, address, tls);
  }

  /** The TCP port; -1 on a Unix socket. */
  public int port() {
    return socket == null ? server.getPort() : -1;
  }

  /** Tells grpc.health.v1 about one service; the server itself, named "", begins as SERVING. */
  public void health(String service, boolean serving) {
    health.setStatus(service, serving ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  /** Waits until the server has been closed. */
  public void await() throws InterruptedException {
    server.awaitTermination();
  }

  @Override
  public void close() {
    health.enterTerminalState();
    server.shutdown();
    try {
      drain();
    } catch (InterruptedException interrupted) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
    release(ownLoops, socket);
  }

  private void drain() throws InterruptedException {
    if (server.awaitTermination(grace.toMillis(), TimeUnit.MILLISECONDS)) {
      return;
    }
    calls.endAll();
    if (!server.awaitTermination(FAREWELL.toMillis(), TimeUnit.MILLISECONDS)) {
      server.shutdownNow();
      var _ = server.awaitTermination(FAREWELL.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private static void release(@Nullable EventLoopGroup loops, @Nullable SocketFile socket) {
    if (loops != null) {
      var _ = loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
    }
    try {
      if (socket != null) {
        socket.close();
      }
    } catch (IOException failure) {
      System.getLogger(GrpcServer.class.getName())
          .log(System.Logger.Level.WARNING, "Failed to remove the socket", failure);
    }
  }

  /** What a server is to be. Not thread-safe. */
  public static final class Builder {
    private final @Nullable Path path;
    private final InetSocketAddress address;
    private final @Nullable ServerTls tls;
    private final List<BindableService> services = new ArrayList<>();
    private final List<ServerInterceptor> interceptors = new ArrayList<>();
    private final List<ServerInterceptor> observers = new ArrayList<>();
    private Set<PosixFilePermission> mode = PosixFilePermissions.fromString("rw-------");
    private @Nullable String owner;
    private @Nullable String group;
    private PeerPolicy peers = PeerPolicy.anyone();
    private ErrorMapper errors = ErrorMapper.none();
    private String domain = "caisson.dev";
    private int maxConnections = MAX_CONNECTIONS;
    private Duration grace = GRACE;
    private @Nullable Executor executor;
    private @Nullable SocketLoop loop;

    private Builder(@Nullable Path path, InetSocketAddress address, @Nullable ServerTls tls) {
      this.path = path;
      this.address = address;
      this.tls = tls;
    }

    /** Of the socket, as in {@code rw-rw----}: writing is connecting. Owner alone, if not set. */
    public Builder mode(String permissions) {
      this.mode = PosixFilePermissions.fromString(permissions);
      return this;
    }

    /** Of the socket: a user's name or number. */
    public Builder owner(String user) {
      this.owner = user;
      return this;
    }

    /** Of the socket: a group's name or number. */
    public Builder group(String name) {
      this.group = name;
      return this;
    }

    /** Who may call; anyone who can open the socket, if not set. */
    public Builder peers(PeerPolicy policy) {
      this.peers = policy;
      return this;
    }

    public Builder services(List<? extends BindableService> more) {
      services.addAll(more);
      return this;
    }

    /** Runs inside the mapping of errors and with the peer known; the first is the outermost. */
    public Builder interceptors(List<? extends ServerInterceptor> more) {
      interceptors.addAll(more);
      return this;
    }

    /**
     * Runs outside of everything else and sees each call end as the caller does, refusals and
     * defects too: for metrics. Must not throw.
     */
    public Builder observers(List<? extends ServerInterceptor> more) {
      observers.addAll(more);
      return this;
    }

    /** The domain of the errors that the server itself answers with. */
    public Builder domain(String name) {
      this.domain = name;
      return this;
    }

    /** How the service's own exceptions read on the wire. */
    public Builder errors(ErrorMapper mapper) {
      this.errors = mapper;
      return this;
    }

    /** What calls run on; gRPC's cached threads, if not set. */
    public Builder executor(Executor calls) {
      this.executor = calls;
      return this;
    }

    /** Whose thread reads and writes the sockets; threads of its own, if not set. */
    public Builder loop(SocketLoop shared) {
      this.loop = shared;
      return this;
    }

    public Builder maxConnections(int limit) {
      this.maxConnections = limit;
      return this;
    }

    /** How long running calls may take at close. */
    public Builder grace(Duration limit) {
      this.grace = limit;
      return this;
    }

    /** Binds and serves; nothing is left of a server that fails to start. */
    public GrpcServer start() throws IOException {
      SocketFile socket = path == null ? null : SocketFile.claim(path);
      @Nullable EventLoopGroup own = loop == null ? eventLoops() : null;
      EventLoopGroup loops = loop == null ? requireNonNull(own) : loop.group();
      HealthStatusManager health = new HealthStatusManager();
      ErrorInterceptor calls = new ErrorInterceptor(errors, domain);
      @Nullable Server server = null;
      try {
        server = netty(socket, loops, health, calls).build();
        server.start();
        if (socket != null) {
          socket.publish(mode, owner, group);
        }
        return new GrpcServer(server, health, calls, own, socket, grace);
      } catch (IOException | RuntimeException failure) {
        if (server != null) {
          server.shutdownNow();
        }
        release(own, socket);
        throw failure;
      }
    }

    private NettyServerBuilder netty(
        @Nullable SocketFile socket,
        EventLoopGroup loops,
        HealthStatusManager health,
        ErrorInterceptor calls)
        throws IOException {
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(address(socket), credentials(loops))
              .channelType(channelType())
              .bossEventLoopGroup(loops)
              .workerEventLoopGroup(loops)
              .maxInboundMessageSize(MAX_MESSAGE)
              .maxInboundMetadataSize(MAX_HEADERS)
              .maxConcurrentCallsPerConnection(MAX_CALLS)
              .flowControlWindow(STREAM_WINDOW)
              .permitKeepAliveWithoutCalls(true)
              .addService(UnreadableRequests.marked(health.getHealthService().bindService()))
              .addService(
                  UnreadableRequests.marked(ProtoReflectionServiceV1.newInstance().bindService()));
      services.forEach(one -> builder.addService(UnreadableRequests.marked(one.bindService())));
      // The last one that is added runs first.
      interceptors.reversed().forEach(builder::intercept);
      builder.intercept(new UnreadableRequests(domain));
      builder.intercept(calls);
      if (path != null) {
        withoutKeepAlive(builder);
        builder.intercept(new PeerInterceptor(peers, domain));
      }
      observers.reversed().forEach(builder::intercept);
      builder.intercept(RequestNaming.random());
      if (executor != null) {
        builder.executor(executor);
      }
      return builder;
    }

    @SuppressWarnings("NullAway") // Netty takes null to mean: do not set the option.
    private static void withoutKeepAlive(NettyServerBuilder builder) {
      // Unix sockets do not have it, and Netty warns of it for each connection.
      builder.withChildOption(ChannelOption.SO_KEEPALIVE, null);
    }

    private ServerCredentials credentials(EventLoopGroup loops) throws IOException {
      if (path != null) {
        return PeerNegotiator.unix(maxConnections);
      }
      return tls == null
          ? PeerNegotiator.plaintext(maxConnections)
          : PeerNegotiator.tls(tls.context(loops), maxConnections);
    }

    private SocketAddress address(@Nullable SocketFile socket) {
      return socket == null ? address : socket.bindAddress();
    }

    private Class<? extends ServerChannel> channelType() {
      return path == null ? NioServerSocketChannel.class : NioServerDomainSocketChannel.class;
    }

    private static EventLoopGroup eventLoops() {
      int threads = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, 4);
      return new MultiThreadIoEventLoopGroup(
          threads, new DefaultThreadFactory("grpc-server", true), NioIoHandler.newFactory());
    }
  }
}
