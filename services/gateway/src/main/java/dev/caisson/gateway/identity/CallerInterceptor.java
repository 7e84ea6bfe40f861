package dev.caisson.gateway.identity;

import dev.caisson.gateway.bridge.DelayedCall;
import dev.caisson.gateway.config.GatewayConfiguration;
import dev.caisson.gateway.errors.Errors;
import dev.caisson.gateway.journal.DenialReports;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.Peer;
import dev.caisson.rpc.PeerCertificate;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import reactor.core.publisher.Mono;

/**
 * Establishes who calls, and refuses who may not: by the token that he brings, else by his
 * certificate, else by the user of the process at the other end of the Unix socket. Health and
 * reflection are for everybody.
 */
@Singleton
public final class CallerInterceptor implements ServerInterceptor {
  private static final String OWN_SERVICES = "caisson.";
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** RFC 6750, 2.1; the scheme's case does not matter: RFC 9110, 11.1. */
  private static final Pattern BEARER = Pattern.compile("(?i:bearer) +([A-Za-z0-9._~+/-]+=*)");

  private final PeerPolicy policy;
  private final TokenVerifier tokens;
  private final DenialReports denials;

  CallerInterceptor(
      GatewayConfiguration configuration, TokenVerifier tokens, DenialReports denials) {
    this.tokens = tokens;
    this.denials = denials;
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
    Context context = Context.current();
    DelayedCall<Q> delayed = new DelayedCall<>();
    var _ =
        caller(call, headers)
            .subscribe(
                caller ->
                    delayed.serve(
                        Contexts.interceptCall(
                            context.withValue(Caller.KEY, caller), call, headers, next)),
                refusal -> {
                  report(call, refusal);
                  delayed.close(call, refusal);
                });
    return delayed;
  }

  private Mono<Caller> caller(ServerCall<?, ?> call, Metadata headers) {
    TraceContext trace = TraceContext.of(headers);
    Optional<Peer> peer = Peer.current();
    if (peer.isPresent() && !policy.allows(peer.get())) {
      return Mono.error(notAllowed(peer.get()));
    }
    Iterable<String> given = headers.getAll(AUTHORIZATION);
    if (given != null) {
      return token(given).map(identity -> Caller.of(identity, trace));
    }
    return Mono.justOrEmpty(
            peer.map(one -> Caller.of(one, trace))
                .or(() -> PeerCertificate.of(call).map(one -> Caller.of(one, trace))))
        .switchIfEmpty(Mono.error(CallerInterceptor::unauthenticated));
  }

  private Mono<TokenVerifier.Identity> token(Iterable<String> given) {
    String all = String.join(",", given);
    Matcher bearer = BEARER.matcher(all);
    return bearer.matches()
        ? tokens.verify(bearer.group(1))
        : Mono.error(
            unauthenticated("The authorization header must be one, of the form: Bearer ‹token›"));
  }

  private void report(ServerCall<?, ?> call, Throwable refusal) {
    if (refusal instanceof StatusRuntimeException status
        && status.getStatus().getCode() != Status.Code.UNAVAILABLE) {
      Actor actor =
          Peer.current()
              .map(peer -> Caller.of(peer, TraceContext.NONE).actor(""))
              .or(() ->
                  PeerCertificate.of(call).map(one -> Caller.of(one, TraceContext.NONE).actor("")))
              .orElse(Actor.getDefaultInstance());
      denials.report(String.valueOf(call.getMethodDescriptor().getBareMethodName()), actor, status);
    }
  }

  private static StatusRuntimeException unauthenticated() {
    return unauthenticated(
        "The caller must be known; call over the gateway's Unix socket, with a certificate that names"
            + " one SPIFFE id or a subject, or with a token");
  }

  private static StatusRuntimeException unauthenticated(String message) {
    return Errors.of(Status.Code.UNAUTHENTICATED, Reason.UNAUTHENTICATED.name(), message, Map.of());
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
