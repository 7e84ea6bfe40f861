package dev.caisson.gateway.identity;

import dev.caisson.proto.types.v1.Actor;
import dev.caisson.rpc.Peer;
import io.grpc.Context;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who asks, as the gateway asserts it to the executor.
 *
 * @param principal {@code uid:1000}, or {@code user:ada} where the number is not known
 * @param method how that is known
 * @param traceparent W3C; empty where there is none
 */
public record Caller(String principal, String method, String traceparent) {
  static final Context.Key<Caller> KEY = Context.key("caisson-caller");
  static final String PEER_CREDENTIALS = "peer-credentials";

  /** Source: https://www.w3.org/TR/trace-context/, version 00. */
  private static final Pattern TRACEPARENT =
      Pattern.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");

  /** The caller of the call that this thread serves. */
  public static Caller current() {
    return Objects.requireNonNull(KEY.get(), "no call is served here");
  }

  /** What is not a traceparent is left out: it comes from the caller. */
  static Caller of(Peer peer, @Nullable String traceparent) {
    String principal =
        peer.uid().isPresent()
            ? "uid:" + Integer.toUnsignedString(peer.uid().getAsInt())
            : "user:" + peer.user();
    String trace = traceparent == null ? "" : traceparent;
    return new Caller(
        principal, PEER_CREDENTIALS, TRACEPARENT.matcher(trace).matches() ? trace : "");
  }

  /** As the record will have it. */
  public Actor actor(String requestId) {
    return Actor.newBuilder()
        .setPrincipal(principal)
        .setMethod(method)
        .setRequestId(requestId)
        .setTraceparent(traceparent)
        .build();
  }
}
