package dev.caisson.gateway.identity;

import dev.caisson.proto.types.v1.Actor;
import dev.caisson.rpc.Peer;
import dev.caisson.rpc.PeerCertificate;
import io.grpc.Context;
import java.util.Optional;
import java.util.Set;

/**
 * Who asks, as the gateway asserts it to the executor.
 *
 * @param principal {@code uid:1000}, or {@code user:ada} where the number is not known; {@code
 *     spiffe://…}, {@code x509:…}
 * @param method how that is known
 * @param identities all that an operator can call him: the principal, and groups
 * @param trace of which the call is
 */
public record Caller(String principal, String method, Set<String> identities, TraceContext trace) {
  static final Context.Key<Caller> KEY = Context.key("caisson-caller");
  static final String PEER_CREDENTIALS = "peer-credentials";

  /** The caller of the call that this thread serves. */
  public static Caller current() {
    return known().orElseThrow(() -> new IllegalStateException("no call is served here"));
  }

  /** Empty where everybody may call: health and reflection. */
  public static Optional<Caller> known() {
    return Optional.ofNullable(KEY.get());
  }

  static Caller of(TokenVerifier.Identity token, TraceContext trace) {
    return new Caller(token.principal(), "jwt", token.identities(), trace);
  }

  static Caller of(PeerCertificate certificate, TraceContext trace) {
    return new Caller(certificate.principal(), "mtls", Set.of(certificate.principal()), trace);
  }

  static Caller of(Peer peer, TraceContext trace) {
    String principal =
        peer.uid().isPresent()
            ? "uid:" + Integer.toUnsignedString(peer.uid().getAsInt())
            : "user:" + peer.user();
    return new Caller(
        principal,
        PEER_CREDENTIALS,
        Set.of(principal, "user:" + peer.user(), "unix-group:" + peer.group(), "unix:"),
        trace);
  }

  /** As the record will have it. */
  public Actor actor(String requestId) {
    return Actor.newBuilder()
        .setPrincipal(principal)
        .setMethod(method)
        .setRequestId(requestId)
        .setTraceparent(trace.parent())
        .setTracestate(trace.state())
        .build();
  }
}
