package dev.caisson.rpc;

import io.grpc.Attributes;
import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.AttributeKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;

/**
 * Services that are called in another way than over gRPC's own wire, and find the same before them:
 * who calls, the mapping of errors, interceptors. Thread-safe.
 */
public final class ServedCalls {
  private static final ChannelOption<UnixDomainPrincipal> PEER_CREDENTIALS =
      NioChannelOption.of(ExtendedSocketOptions.SO_PEERCRED);

  private static final AttributeKey<Attributes> CALLER = AttributeKey.valueOf("caisson-caller");

  private final Map<String, ServerMethodDefinition<?, ?>> methods = new HashMap<>();
  private final ErrorInterceptor calls;

  /**
   * Of these services.
   *
   * @param unix whether callers are processes at the other end of a Unix socket
   * @param observers outside of everything else
   * @param interceptors inside the mapping of errors, the first outermost
   */
  public ServedCalls(
      List<BindableService> services,
      String domain,
      boolean unix,
      List<ServerInterceptor> observers,
      List<ServerInterceptor> interceptors) {
    this.calls = new ErrorInterceptor(ErrorMapper.none(), domain);
    List<ServerInterceptor> all = new ArrayList<>();
    all.add(RequestNaming.random());
    all.addAll(observers);
    if (unix) {
      all.add(new PeerInterceptor(PeerPolicy.anyone(), domain));
    }
    all.add(calls);
    all.addAll(interceptors);
    for (BindableService service : services) {
      ServerInterceptors.interceptForward(service, all)
          .getMethods()
          .forEach(one -> methods.put(one.getMethodDescriptor().getFullMethodName(), one));
    }
  }

  /** As in {@code caisson.v1.Containers/CreateContainer}. */
  public Set<String> methods() {
    return Set.copyOf(methods.keySet());
  }

  /** One of {@link #methods}. */
  public ServerMethodDefinition<?, ?> method(String name) {
    return Objects.requireNonNull(methods.get(name), name);
  }

  /**
   * Starts a call.
   *
   * @param method one of {@link #methods}, of which the call's messages are
   */
  @SuppressWarnings("unchecked")
  public <Q, A> ServerCall.Listener<Q> start(
      String method, ServerCall<Q, A> call, Metadata headers) {
    var definition = (ServerMethodDefinition<Q, A>) method(method);
    return definition.getServerCallHandler().startCall(call, headers);
  }

  /** Whether no call runs. */
  public boolean isIdle() {
    return calls.isIdle();
  }

  /** Ends the calls that still run, in words that say to call again. */
  public void endAll() {
    calls.endAll();
  }

  /** What a connection says of its caller, for {@link ServerCall#getAttributes}; looked up once. */
  public static Attributes caller(Channel channel) {
    Attributes known = channel.attr(CALLER).get();
    if (known == null) {
      known = lookUp(channel);
      channel.attr(CALLER).set(known);
    }
    return known;
  }

  private static Attributes lookUp(Channel channel) {
    Attributes.Builder attributes =
        Attributes.newBuilder().set(Grpc.TRANSPORT_ATTR_REMOTE_ADDR, channel.remoteAddress());
    if (channel instanceof NioDomainSocketChannel) {
      UnixDomainPrincipal principal = channel.config().getOption(PEER_CREDENTIALS);
      attributes.set(
          PeerNegotiator.PEER, Peer.of(principal.user().getName(), principal.group().getName()));
    }
    SslHandler tls = channel.pipeline().get(SslHandler.class);
    if (tls != null) {
      attributes.set(Grpc.TRANSPORT_ATTR_SSL_SESSION, tls.engine().getSession());
    }
    return attributes.build();
  }
}
