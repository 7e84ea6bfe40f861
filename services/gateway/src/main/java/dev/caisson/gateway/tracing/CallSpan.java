package dev.caisson.gateway.tracing;

import dev.caisson.rpc.RpcErrors;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A call as a span. Source of the names: OpenTelemetry semantic conventions 1.37, "Semantic
 * conventions for gRPC".
 */
final class CallSpan {
  private static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("rpc.system");
  private static final AttributeKey<String> SERVICE = AttributeKey.stringKey("rpc.service");
  private static final AttributeKey<String> METHOD = AttributeKey.stringKey("rpc.method");
  private static final AttributeKey<Long> CODE = AttributeKey.longKey("rpc.grpc.status_code");
  private static final AttributeKey<String> ERROR = AttributeKey.stringKey("error.type");

  /** What is the server's fault; the others are answers. */
  private static final Set<Status.Code> SERVERS =
      Set.of(
          Status.Code.UNKNOWN,
          Status.Code.DEADLINE_EXCEEDED,
          Status.Code.UNIMPLEMENTED,
          Status.Code.INTERNAL,
          Status.Code.UNAVAILABLE,
          Status.Code.DATA_LOSS);

  private CallSpan() {}

  static Span begin(
      Tracer tracer, MethodDescriptor<?, ?> method, SpanKind kind, String traceParent) {
    return tracer
        .spanBuilder(method.getFullMethodName())
        .setSpanKind(kind)
        .setParent(Parents.of(traceParent))
        .setAttribute(SYSTEM, "grpc")
        .setAttribute(SERVICE, String.valueOf(method.getServiceName()))
        .setAttribute(METHOD, String.valueOf(method.getBareMethodName()))
        .startSpan();
  }

  /** What a caller did wrong repeats what he asked for, which is no collector's business. */
  private static String said(Status status) {
    @Nullable String text = status.getDescription();
    return text != null && SERVERS.contains(status.getCode()) ? text : "";
  }

  /** Only the first end counts. */
  static void end(Span span, SpanKind kind, Status status, Metadata trailers) {
    span.setAttribute(CODE, status.getCode().value());
    boolean failed = kind == SpanKind.SERVER ? SERVERS.contains(status.getCode()) : !status.isOk();
    if (!status.isOk()) {
      span.setAttribute(
          ERROR,
          RpcErrors.info(status.asRuntimeException(trailers))
              .map(info -> info.getReason())
              .orElse(status.getCode().name()));
    }
    if (failed) {
      span.setStatus(StatusCode.ERROR, said(status));
    }
    span.end();
  }
}
