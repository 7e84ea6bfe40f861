package dev.caisson.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientStreamTracer;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Marks the failure of a call of which nothing was ever sent. gRPC itself does not tell: when the
 * channel makes a call again and finds nobody, it speaks of that attempt alone, as if nothing could
 * have been done.
 */
final class SentCalls implements ClientInterceptor {
  /** In the trailers, as they are handed over here: never on a connection. */
  private static final Metadata.Key<String> UNSENT =
      Metadata.Key.of("caisson-unsent", Metadata.ASCII_STRING_MARSHALLER);

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    Attempts attempts = new Attempts();
    return new SimpleForwardingClientCall<>(
        next.newCall(method, options.withStreamTracerFactory(attempts))) {
      @Override
      public void start(Listener<A> answers, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<>(answers) {
              @Override
              public void onClose(Status status, Metadata trailers) {
                super.onClose(status, marked(trailers, attempts.sent));
              }
            },
            headers);
      }
    };
  }

  /** A copy: gRPC may use what it hands over for other calls, too. */
  static Metadata marked(Metadata trailers, boolean sent) {
    Metadata marked = new Metadata();
    marked.merge(trailers);
    marked.discardAll(UNSENT); // a service that answers was asked, whatever it says
    if (!sent) {
      marked.put(UNSENT, "1");
    }
    return marked;
  }

  /**
   * Whether the failure of a call has the mark.
   *
   * @param trailers null: it has none
   */
  static boolean isUnsent(@Nullable Metadata trailers) {
    return trailers != null && trailers.containsKey(UNSENT);
  }

  /** Of one call. */
  private static final class Attempts extends ClientStreamTracer.Factory {
    private volatile boolean sent;

    @Override
    public ClientStreamTracer newClientStreamTracer(
        ClientStreamTracer.StreamInfo info, Metadata headers) {
      return new ClientStreamTracer() {
        @Override
        public void outboundHeaders() {
          sent = true;
        }
      };
    }
  }
}
