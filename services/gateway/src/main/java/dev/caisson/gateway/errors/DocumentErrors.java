package dev.caisson.gateway.errors;

import com.google.rpc.ErrorInfo;
import dev.caisson.oci.DocumentNames;
import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The executor's refusals of what a config.json asks for, in that document's words. */
public final class DocumentErrors {
  private static final String FIELD = "field";

  private DocumentErrors() {}

  /**
   * The same refusal, with names that are in the document.
   *
   * @param error as {@link Upstream} has translated it
   */
  public static Throwable translate(Throwable error) {
    if (!(error instanceof StatusRuntimeException failure)) {
      return error;
    }
    Optional<ErrorInfo> info = RpcErrors.info(failure);
    return info.filter(
            known -> !known.getReason().equals(Reason.QUOTA_EXCEEDED.name())) // not about it
        .<Throwable>map(known -> named(failure.getStatus(), known))
        .orElse(error);
  }

  private static StatusRuntimeException named(Status status, ErrorInfo info) {
    Map<String, String> metadata = new HashMap<>(info.getMetadataMap());
    String field = metadata.getOrDefault(FIELD, "");
    var _ = metadata.computeIfPresent(FIELD, (key, name) -> DocumentNames.of(name));
    String message = Optional.ofNullable(status.getDescription()).orElse(info.getReason());
    return Errors.of(
        status.getCode(), info.getReason(), DocumentNames.in(message, field), metadata);
  }
}
