package dev.caisson.gateway.errors;

import dev.caisson.oci.OciException;
import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;

/** The gateway's own refusals and failures. */
public final class Errors {
  public static final String DOMAIN = "caisson.dev";

  /** Of a value that a message shows, in characters. */
  private static final int MAX_SHOWN = 100;

  private Errors() {}

  /**
   * A field of a request that must be changed.
   *
   * @param rule what must hold, as in {@code be at most 128 bytes}
   */
  public static StatusRuntimeException invalid(
      Reason reason, String field, String rule, Object value) {
    return of(
        Status.Code.INVALID_ARGUMENT,
        reason.name(),
        field + " must " + rule + ": " + shown(value),
        Map.of("field", field));
  }

  public static StatusRuntimeException of(
      Status.Code code, String reason, String message, Map<String, String> metadata) {
    return RpcErrors.of(code, DOMAIN, reason, message, metadata);
  }

  /**
   * A tenant has as much as it may.
   *
   * @param wait before it is worth while to ask again
   */
  public static StatusRuntimeException quotaExceeded(
      String message, Map<String, String> metadata, Duration wait) {
    return RpcErrors.of(
        Status.Code.RESOURCE_EXHAUSTED,
        DOMAIN,
        Reason.QUOTA_EXCEEDED.name(),
        message,
        metadata,
        RpcErrors.retryAfter(wait));
  }

  /** A config.json that is not converted. */
  public static StatusRuntimeException of(OciException refusal) {
    Map<String, String> metadata = new HashMap<>();
    if (!refusal.field().isEmpty()) {
      metadata.put("field", refusal.field());
    }
    refusal
        .position()
        .ifPresent(at -> {
          metadata.put("line", String.valueOf(at.line()));
          metadata.put("column", String.valueOf(at.column()));
        });
    return switch (refusal.reason()) {
      case MALFORMED_JSON -> invalidSpec(Reason.MALFORMED_JSON, refusal, metadata);
      case INVALID_OCI_SPEC -> invalidSpec(Reason.INVALID_OCI_SPEC, refusal, metadata);
      case UNSUPPORTED ->
          of(Status.Code.UNIMPLEMENTED, "UNSUPPORTED_FIELD", message(refusal), metadata);
    };
  }

  private static StatusRuntimeException invalidSpec(
      Reason reason, OciException refusal, Map<String, String> metadata) {
    return of(Status.Code.INVALID_ARGUMENT, reason.name(), message(refusal), metadata);
  }

  private static String message(OciException refusal) {
    return String.valueOf(refusal.getMessage());
  }

  private static String shown(Object value) {
    String text = String.valueOf(value);
    String cut = text.length() <= MAX_SHOWN ? text : text.substring(0, MAX_SHOWN - 1) + "…";
    return cut.replaceAll("\\p{Cc}", "?");
  }
}
