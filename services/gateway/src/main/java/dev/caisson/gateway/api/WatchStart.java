package dev.caisson.gateway.api;

import dev.caisson.gateway.journal.Cursor;
import dev.caisson.proto.v1.EventsGrpc;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import org.jspecify.annotations.Nullable;

/**
 * Tells a watch of events where it begins, in the headers and before there is any event: who is cut
 * off before the first one then goes on there, and misses none.
 */
public final class WatchStart implements ServerInterceptor {
  private static final Metadata.Key<String> CURSOR =
      Metadata.Key.of("caisson-cursor", Metadata.ASCII_STRING_MARSHALLER);

  private static final Context.Key<Told> CALL = Context.key("caisson-watch-start");

  private static final String METHOD = EventsGrpc.getWatchEventsMethod().getFullMethodName();

  /** A call that can be told where it begins. */
  interface Told {
    void begin(Cursor after);
  }

  /** The call that is being served. */
  static Told current() {
    @Nullable Told call = CALL.get();
    return call == null ? _ -> {} : call;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!METHOD.equals(call.getMethodDescriptor().getFullMethodName())) {
      return next.startCall(call, headers);
    }
    ToldCall<Q, A> told = new ToldCall<>(call);
    return Contexts.interceptCall(Context.current().withValue(CALL, told), told, headers, next);
  }

  private static final class ToldCall<Q, A> extends SimpleForwardingServerCall<Q, A>
      implements Told {
    private boolean told;

    ToldCall(ServerCall<Q, A> call) {
      super(call);
    }

    @Override
    public void begin(Cursor after) {
      Metadata headers = new Metadata();
      headers.put(CURSOR, after.toString());
      sendHeaders(headers);
    }

    /** Once: with the first event gRPC sends them by itself. */
    @Override
    public void sendHeaders(Metadata headers) {
      if (!told) {
        told = true;
        super.sendHeaders(headers);
      }
    }
  }
}
