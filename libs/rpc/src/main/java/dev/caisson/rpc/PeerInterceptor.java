package dev.caisson.rpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Hands a connection's peer to the services, or answers every call with a refusal. */
final class PeerInterceptor implements ServerInterceptor {
  static final String REASON = "PEER_REFUSED";

  private final PeerPolicy policy;
  private final String domain;

  PeerInterceptor(PeerPolicy policy, String domain) {
    this.policy = policy;
    this.domain = domain;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Peer peer = call.getAttributes().get(PeerNegotiator.PEER);
    if (peer == null || !policy.allows(peer)) {
      return refuse(call, peer);
    }
    Context context = Context.current().withValue(Peer.KEY, peer);
    return Contexts.interceptCall(context, call, headers, next);
  }

  private <Q, A> ServerCall.Listener<Q> refuse(ServerCall<Q, A> call, @Nullable Peer peer) {
    String user = peer == null ? "unknown" : peer.user();
    StatusRuntimeException refusal =
        RpcErrors.of(
            Status.Code.PERMISSION_DENIED,
            domain,
            REASON,
            "The user of the calling process must be one that may use this socket: "
                + user
                + "; call as another user, or let this one in by the service's configuration",
            Map.of("user", user));
    call.close(refusal.getStatus(), RpcErrors.trailers(refusal));
    return new ServerCall.Listener<>() {};
  }
}
