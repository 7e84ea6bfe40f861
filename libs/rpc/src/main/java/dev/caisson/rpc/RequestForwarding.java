package dev.caisson.rpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import org.jspecify.annotations.Nullable;

/** Gives a call the name of the one that it is made for, so that both logs have it. */
public final class RequestForwarding implements ClientInterceptor {
  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    ClientCall<Q, A> call = next.newCall(method, options);
    @Nullable ServedRequest request = ServedRequest.KEY.get();
    return request == null ? call : new NamedCall<>(call, request);
  }

  private static final class NamedCall<Q, A> extends SimpleForwardingClientCall<Q, A> {
    private final ServedRequest request;

    NamedCall(ClientCall<Q, A> call, ServedRequest request) {
      super(call);
      this.request = request;
    }

    @Override
    public void start(Listener<A> responses, Metadata headers) {
      headers.put(ServedRequest.ID, request.id());
      if (!request.traceParent().isEmpty()) {
        headers.put(TraceParent.KEY, request.traceParent());
      }
      super.start(responses, headers);
    }
  }
}
