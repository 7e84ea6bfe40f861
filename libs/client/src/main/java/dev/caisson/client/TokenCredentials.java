package dev.caisson.client;

import dev.caisson.rpc.BearerToken;
import io.grpc.CallCredentials;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Each attempt of a call carries the token that there is then: RFC 6750, 2.1. */
final class TokenCredentials extends CallCredentials implements ClientInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final Supplier<String> token;

  TokenCredentials(Supplier<String> token) {
    this.token = token;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return next.newCall(method, options.withCallCredentials(this));
  }

  /** On a thread that may block: the supplier may have to ask for another. */
  @Override
  public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
    executor.execute(() -> apply(applier));
  }

  /** Whatever is thrown must be told: a call that hears nothing waits for ever. */
  private void apply(MetadataApplier applier) {
    String current;
    try {
      current = token.get();
    } catch (Throwable e) {
      applier.fail(
          Status.UNAUTHENTICATED
              .withDescription("Failed to get a token: " + e.getMessage())
              .withCause(e));
      return;
    }
    carry(current, applier);
  }

  /** Not told what it is: gRPC itself would leave such a header out, and log all of it. */
  private static void carry(@Nullable String token, MetadataApplier applier) {
    if (token == null || !BearerToken.isOne(token)) {
      applier.fail(
          Status.UNAUTHENTICATED.withDescription(
              token == null
                  ? "There is no token: its supplier gave null"
                  : "The token is empty, too long, or has characters that no header can carry"));
      return;
    }
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + token);
    applier.apply(headers);
  }
}
