package dev.caisson.rpc;

import java.util.regex.Pattern;

/** What an {@code authorization} header can carry: the b64token of RFC 6750, 2.1. */
public final class BearerToken {
  /** As long as servers take headers. */
  private static final Pattern FORM = Pattern.compile("[A-Za-z0-9._~+/-]{1,8000}=*");

  private BearerToken() {}

  /** Whether a text is one. Without: gRPC would drop or mangle the header. */
  public static boolean isOne(String text) {
    return FORM.matcher(text).matches();
  }
}
