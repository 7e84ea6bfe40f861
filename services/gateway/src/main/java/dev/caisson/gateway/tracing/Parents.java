package dev.caisson.gateway.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;

/** Spans by their headers: {@code traceparent} of W3C Trace Context, version 00. */
final class Parents {
  private static final int TRACE = 3;
  private static final int SPAN = TRACE + 33;
  private static final int FLAGS = SPAN + 17;
  private static final int LENGTH = FLAGS + 2;

  private Parents() {}

  /** The one to be under; a new trace begins where it is empty. */
  static Context of(String traceParent) {
    if (traceParent.length() != LENGTH) {
      return Context.root();
    }
    SpanContext parent =
        SpanContext.createFromRemoteParent(
            traceParent.substring(TRACE, SPAN - 1),
            traceParent.substring(SPAN, FLAGS - 1),
            TraceFlags.fromHex(traceParent, FLAGS),
            TraceState.getDefault());
    return Context.root().with(Span.wrap(parent));
  }

  static String header(Span span) {
    SpanContext of = span.getSpanContext();
    return "00-" + of.getTraceId() + "-" + of.getSpanId() + "-" + of.getTraceFlags().asHex();
  }
}
