package dev.caisson.gateway.tracing;

import dev.caisson.rpc.ServedRequest;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;

/**
 * A span for each call that is served, below the caller's. What is done for the call is below it:
 * its header takes the caller's place.
 */
final class CallSpans implements ServerInterceptor {
  private static final AttributeKey<String> REQUEST = AttributeKey.stringKey("caisson.request.id");
  private static final String OWN_SERVICES = "caisson.";

  private final Tracer tracer;

  CallSpans(Tracer tracer) {
    this.tracer = tracer;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    ServedRequest request = ServedRequest.current().orElseThrow();
    if (!call.getMethodDescriptor().getFullMethodName().startsWith(OWN_SERVICES)) {
      return next.startCall(call, headers); // health, which is asked all the time
    }
    Span span =
        CallSpan.begin(tracer, call.getMethodDescriptor(), SpanKind.SERVER, request.traceParent());
    span.setAttribute(REQUEST, request.id());
    try {
      return new EndedListener<>(
          Contexts.interceptCall(
              request.within(Parents.header(span)), new EndedCall<>(call, span), headers, next),
          span);
    } catch (RuntimeException e) {
      CallSpan.end(span, SpanKind.SERVER, Status.fromThrowable(e), new Metadata());
      throw e;
    }
  }

  private static final class EndedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final Span span;

    EndedCall(ServerCall<Q, A> call, Span span) {
      super(call);
      this.span = span;
    }

    @Override
    public void close(Status status, Metadata trailers) {
      CallSpan.end(span, SpanKind.SERVER, status, trailers);
      super.close(status, trailers);
    }
  }

  /** Of a caller who leaves the call is not closed. */
  private static final class EndedListener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final Span span;

    EndedListener(ServerCall.Listener<Q> listener, Span span) {
      super(listener);
      this.span = span;
    }

    @Override
    public void onCancel() {
      CallSpan.end(span, SpanKind.SERVER, Status.CANCELLED, new Metadata());
      super.onCancel();
    }
  }
}
