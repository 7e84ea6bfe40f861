package dev.caisson.rpc;

import io.grpc.Metadata;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The header {@code traceparent} of W3C Trace Context. */
public final class TraceParent {
  public static final Metadata.Key<String> KEY =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);

  // Source: https://www.w3.org/TR/trace-context/, 3.2: a newer version may have more at its end,
  // and is passed on as the one that is known here.
  private static final Pattern FORM =
      Pattern.compile(
          "(?!ff)([0-9a-f]{2})(-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(-.*)?");

  private TraceParent() {}

  /** Of version 00; empty where there is none. */
  public static String of(Metadata headers) {
    @Nullable String given = headers.get(KEY);
    Matcher parent = FORM.matcher(given == null ? "" : given);
    if (!parent.matches() || (parent.group(1).equals("00") && parent.group(3) != null)) {
      return "";
    }
    return "00" + parent.group(2);
  }
}
