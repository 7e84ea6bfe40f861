package dev.caisson.rpc;

import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerCredentials;
import io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.InternalNettyServerCredentials;
import io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.InternalProtocolNegotiator.ProtocolNegotiator;
import io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.ProtocolNegotiationEvent;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.handler.ssl.SslContext;
import io.netty.util.AsciiString;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;

/**
 * Reads a connection's peer credentials before the first byte of HTTP/2, and bounds how many
 * connections there are. The only class that uses the unstable internals of grpc-netty.
 */
final class PeerNegotiator implements ProtocolNegotiator {
  /** Who is at the other end; set for every connection over a Unix socket. */
  static final Attributes.Key<Peer> PEER = Attributes.Key.create("caisson-peer");

  private static final ChannelOption<UnixDomainPrincipal> PEER_CREDENTIALS =
      NioChannelOption.of(ExtendedSocketOptions.SO_PEERCRED);

  private final AtomicInteger connections = new AtomicInteger();
  private final ProtocolNegotiator protocol;
  private final boolean unix;
  private final int maxConnections;

  private PeerNegotiator(ProtocolNegotiator protocol, boolean unix, int maxConnections) {
    this.protocol = protocol;
    this.unix = unix;
    this.maxConnections = maxConnections;
  }

  /** For a Unix socket. */
  static ServerCredentials unix(int maxConnections) {
    return InternalNettyServerCredentials.create(
        new PeerNegotiator(InternalProtocolNegotiators.serverPlaintext(), true, maxConnections));
  }

  /** For TCP, without TLS: on loopback. */
  static ServerCredentials plaintext(int maxConnections) {
    return InternalNettyServerCredentials.create(
        new PeerNegotiator(InternalProtocolNegotiators.serverPlaintext(), false, maxConnections));
  }

  /** For TCP. */
  static ServerCredentials tls(SslContext tls, int maxConnections) {
    return InternalNettyServerCredentials.create(
        new PeerNegotiator(InternalProtocolNegotiators.serverTls(tls), false, maxConnections));
  }

  @Override
  public AsciiString scheme() {
    return protocol.scheme();
  }

  @Override
  public ChannelHandler newHandler(GrpcHttp2ConnectionHandler grpc) {
    return new Admission(grpc);
  }

  @Override
  public void close() {
    protocol.close();
  }

  private final class Admission extends ChannelInboundHandlerAdapter {
    private final GrpcHttp2ConnectionHandler grpc;

    Admission(GrpcHttp2ConnectionHandler grpc) {
      this.grpc = grpc;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (!(event instanceof ProtocolNegotiationEvent negotiation)) {
        context.fireUserEventTriggered(event);
      } else if (connections.get() >= maxConnections) {
        var _ = context.close();
      } else {
        admit(context, negotiation);
      }
    }

    private void admit(ChannelHandlerContext context, ProtocolNegotiationEvent negotiation) {
      connections.incrementAndGet();
      var _ = context.channel().closeFuture().addListener(end -> connections.decrementAndGet());
      var pipeline = context.pipeline();
      pipeline.replace(this, null, protocol.newHandler(grpc));
      pipeline.fireUserEventTriggered(unix ? known(context, negotiation) : negotiation);
    }

    private static ProtocolNegotiationEvent known(
        ChannelHandlerContext context, ProtocolNegotiationEvent negotiation) {
      return InternalProtocolNegotiationEvent.withAttributes(
          negotiation,
          InternalProtocolNegotiationEvent.getAttributes(negotiation).toBuilder()
              .set(PEER, peer(context))
              .set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, context.channel().remoteAddress())
              .build());
    }

    private static Peer peer(ChannelHandlerContext context) {
      UnixDomainPrincipal principal = context.channel().config().getOption(PEER_CREDENTIALS);
      return Peer.of(principal.user().getName(), principal.group().getName());
    }
  }
}
