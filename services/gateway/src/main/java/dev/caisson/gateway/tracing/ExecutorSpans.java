package dev.caisson.gateway.tracing;

import dev.caisson.rpc.ServedRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import java.util.Optional;

/** A span for each call to the executor, below the one of the call that it is made for. */
final class ExecutorSpans implements ClientInterceptor {
  private final Tracer tracer;

  ExecutorSpans(Tracer tracer) {
    this.tracer = tracer;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    Optional<ServedRequest> request = ServedRequest.current();
    ClientCall<Q, A> call = next.newCall(method, options);
    return request.isEmpty() ? call : new SpannedCall<>(call, method, request.get());
  }

  private final class SpannedCall<Q, A> extends SimpleForwardingClientCall<Q, A> {
    private final MethodDescriptor<Q, A> method;
    private final ServedRequest request;

    SpannedCall(ClientCall<Q, A> call, MethodDescriptor<Q, A> method, ServedRequest request) {
      super(call);
      this.method = method;
      this.request = request;
    }

    @Override
    public void start(Listener<A> responses, Metadata headers) {
      Span span = CallSpan.begin(tracer, method, SpanKind.CLIENT, request.traceParent());
      super.start(
          new SimpleForwardingClientCallListener<>(responses) {
            @Override
            public void onClose(Status status, Metadata trailers) {
              CallSpan.end(span, SpanKind.CLIENT, status, trailers);
              super.onClose(status, trailers);
            }
          },
          headers);
    }
  }
}
