package dev.caisson.gateway.names;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** Ids that callers choose. */
public final class Ids {
  /** Of a request's id, in bytes. */
  public static final int MAX_REQUEST_ID = 128;

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}");

  private Ids() {}

  public static boolean isId(String text) {
    return ID.matcher(text).matches();
  }

  /** The id of a new sandbox or container. */
  public static String require(String field, String id) {
    if (!isId(id)) {
      throw Errors.invalid(
          Reason.INVALID_FIELD,
          field,
          "be 1 to 64 of [A-Za-z0-9_.+-], the first a letter, digit or _",
          id);
    }
    return id;
  }

  public static String requireRequestId(String id) {
    if (id.getBytes(StandardCharsets.UTF_8).length > MAX_REQUEST_ID) {
      throw Errors.invalid(
          Reason.INVALID_FIELD, "request_id", "be at most " + MAX_REQUEST_ID + " bytes", id);
    }
    return id;
  }
}
