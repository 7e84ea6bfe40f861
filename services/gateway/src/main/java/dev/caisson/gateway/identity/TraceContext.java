package dev.caisson.gateway.identity;

import io.grpc.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/**
 * Of which trace a call is, as its caller says: W3C Trace Context. What is none is left out.
 *
 * @param parent {@code traceparent} of version 00; empty where there is none
 * @param state {@code tracestate}; empty where there is none, and without a parent
 */
record TraceContext(String parent, String state) {
  static final TraceContext NONE = new TraceContext("", "");

  private static final Metadata.Key<String> PARENT =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<String> STATE =
      Metadata.Key.of("tracestate", Metadata.ASCII_STRING_MARSHALLER);

  // Source: https://www.w3.org/TR/trace-context/, 3.2: a newer version may have more at its end,
  // and
  // is passed on as the one that is known here.
  private static final Pattern PARENT_FORM =
      Pattern.compile(
          "(?!ff)([0-9a-f]{2})(-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?");

  // 3.3.1: up to 32 members, key=value; of a value the comma and the equals sign are none.
  private static final Pattern MEMBER =
      Pattern.compile("[a-z0-9][a-z0-9_*/@-]{0,255}=[ -~&&[^,=]]{0,255}[!-~&&[^,=]]");

  private static final int MAX_MEMBERS = 32;

  /** 3.3.1.5: whole members are left out at the end of a longer one. */
  private static final int MAX_STATE = 512;

  static TraceContext of(Metadata headers) {
    Matcher parent = PARENT_FORM.matcher(text(headers.get(PARENT)));
    if (!parent.matches() || (parent.group(1).equals("00") && parent.group(3) != null)) {
      return NONE;
    }
    return new TraceContext("00" + parent.group(2), state(headers));
  }

  private static String text(@org.jspecify.annotations.Nullable String header) {
    return header == null ? "" : header;
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
