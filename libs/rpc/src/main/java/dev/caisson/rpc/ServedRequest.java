package dev.caisson.rpc;

import io.grpc.Context;
import io.grpc.Metadata;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The call that is being served, as what is logged meanwhile names it. It goes where gRPC's context
 * goes: along the calls that are made for it, too.
 *
 * @param id the caller's own, or one that was made for the call
 * @param traceParent as {@link TraceParent#of}
 */
public record ServedRequest(String id, String traceParent) {
  /** In the headers of requests and of responses; in the trailers of a call without the latter. */
  public static final String HEADER = "x-request-id";

  static final Metadata.Key<String> ID = Metadata.Key.of(HEADER, Metadata.ASCII_STRING_MARSHALLER);

  static final Context.Key<ServedRequest> KEY = Context.key("caisson-request");

  /** What may stand in a log and in a header without a thought. */
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private static final int TRACE_START = "00-".length();
  private static final int TRACE_END = TRACE_START + 32;

  public static Optional<ServedRequest> current() {
    return Optional.ofNullable(KEY.get());
  }

  /** The same call as a part of another trace, or as another part of its own. */
  public Context within(String otherTraceParent) {
    return Context.current().withValue(KEY, new ServedRequest(id, otherTraceParent));
  }

  /** For what goes on after the call: with its name, but without its end and its deadline. */
  public static Context apart() {
    return Context.ROOT.withValue(KEY, KEY.get());
  }

  /** Of W3C Trace Context; empty where the call belongs to none. */
  public String traceId() {
    return traceParent.isEmpty() ? "" : traceParent.substring(TRACE_START, TRACE_END);
  }

  static boolean isId(String given) {
    return FORM.matcher(given).matches();
  }
}
