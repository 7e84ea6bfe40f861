package dev.caisson.gateway.identity;

import dev.caisson.rpc.ServedRequest;
import dev.caisson.rpc.TraceParent;
import io.grpc.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * Of which trace a call is: W3C Trace Context. What its caller says, and is none, is left out.
 *
 * @param parent {@code traceparent} of version 00: the gateway's own span of the call where it
 *     makes some, otherwise the caller's; empty where there is none
 * @param state {@code tracestate}; empty where there is none, and without a parent
 */
record TraceContext(String parent, String state) {
  static final TraceContext NONE = new TraceContext("", "");

  private static final Metadata.Key<String> STATE =
      Metadata.Key.of("tracestate", Metadata.ASCII_STRING_MARSHALLER);

  // Source: https://www.w3.org/TR/trace-context/, 3.3.1: up to 32 members, key=value; of a value
  // the comma and the equals sign are none.
  private static final Pattern MEMBER =
      Pattern.compile("[a-z0-9][a-z0-9_*/@-]{0,255}=[ -~&&[^,=]]{0,255}[!-~&&[^,=]]");

  private static final int MAX_MEMBERS = 32;

  /** 3.3.1.5: whole members are left out at the end of a longer one. */
  private static final int MAX_STATE = 512;

  static TraceContext of(Metadata headers) {
    String callers = TraceParent.of(headers);
    String parent = ServedRequest.current().map(ServedRequest::traceParent).orElse(callers);
    String state = callers.isEmpty() ? "" : state(headers);
    return parent.isEmpty() ? NONE : new TraceContext(parent, state);
  }

  private static String state(Metadata headers) {
    Iterable<String> lines = headers.getAll(STATE);
    if (lines == null) {
      return "";
    }
    List<String> members =
        StreamSupport.stream(lines.spliterator(), false)
            .flatMap(line -> List.of(line.split(",")).stream())
            .map(String::strip)
            .filter(member -> !member.isEmpty())
            .toList();
    boolean sound =
        members.size() <= MAX_MEMBERS
            && members.stream().allMatch(member -> MEMBER.matcher(member).matches());
    return sound ? joined(members) : "";
  }

  private static String joined(List<String> members) {
    List<String> kept = new ArrayList<>(members);
    while (String.join(",", kept).length() > MAX_STATE) {
      kept.removeLast();
    }
    return String.join(",", kept);
  }
}
