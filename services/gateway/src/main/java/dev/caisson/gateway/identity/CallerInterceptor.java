package dev.caisson.gateway.identity;

import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.Peer;
import dev.caisson.rpc.PeerPolicy;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.Optional;

/** Establishes who calls, and refuses who may not. Health and reflection are for everybody. */
@Singleton
public final class CallerInterceptor implements ServerInterceptor {
  private static final String OWN_SERVICES = "caisson.";
  private static final Metadata.Key<String> TRACEPARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

  private final PeerPolicy policy;

  CallerInterceptor(GatewayConfiguration configuration) {
    this.policy =
        configuration.allowedUsers().contains("*")
            ? PeerPolicy.anyone()
            : PeerPolicy.users(configuration.allowedUsers());
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!call.getMethodDescriptor().getFullMethodName().startsWith(OWN_SERVICES)) {
      return next.startCall(call, headers);
    }
    Caller caller = Caller.of(admitted(), headers.get(TRACEPARENT));
    return Contexts.interceptCall(
        Context.current().withValue(Caller.KEY, caller), call, headers, next);
  }

  private Peer admitted() {
    Optional<Peer> peer = Peer.current();
    if (peer.isEmpty()) {
      throw unauthenticated();
    }
    if (!policy.allows(peer.get())) {
      throw notAllowed(peer.get());
    }
    return peer.get();
  }

  private static StatusRuntimeException unauthenticated() {
    return Errors.of(
        Status.Code.UNAUTHENTICATED,
        Reason.UNAUTHENTICATED.name(),
        "The caller must be known; call over the gateway's Unix socket",
        Map.of());
  }

  private static StatusRuntimeException notAllowed(Peer peer) {
    return Errors.of(
        Status.Code.PERMISSION_DENIED,
        Reason.NOT_ALLOWED.name(),
        "The caller must be one of caisson.gateway.allowed-users: "
            + peer.user()
            + "; an operator can add it there",
        Map.of("user", peer.user()));
  }
}
