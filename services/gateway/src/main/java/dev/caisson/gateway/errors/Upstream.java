package dev.caisson.gateway.errors;

import com.google.rpc.ErrorInfo;
import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** How the errors of the executor, and of the way to it, read to the gateway's callers. */
public final class Upstream {
  /** After which it may be that somebody has deleted something. */
  private static final Duration DELETION = Duration.ofSeconds(10);

  private Upstream() {}

  /**
   * The executor's code, sentence, reason and metadata under the gateway's domain; UNAVAILABLE
   * where it does not answer; and what is none of a caller's business as INTERNAL.
   */
  public static Throwable translate(Throwable error) {
    if (!(error instanceof StatusRuntimeException failure)) {
      return error;
    }
    Optional<ErrorInfo> info = RpcErrors.info(failure);
    if (info.isPresent()) {
      return passedOn(failure.getStatus(), info.get());
    }
    Status.Code code = failure.getStatus().getCode();
    return switch (code) {
      case UNAVAILABLE -> unavailable();
      case DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED -> bare(failure.getStatus());
      default -> failure.getStatus().getCause() == null ? unforeseen(code) : failure;
    };
  }

  private static StatusRuntimeException passedOn(Status status, ErrorInfo info) {
    String message = Optional.ofNullable(status.getDescription()).orElse(info.getReason());
    return info.getReason().equals(Reason.QUOTA_EXCEEDED.name())
        ? Errors.quotaExceeded(message, info.getMetadataMap(), DELETION)
        : Errors.of(status.getCode(), info.getReason(), message, info.getMetadataMap());
  }

  private static StatusRuntimeException unavailable() {
    return Errors.of(
        Status.Code.UNAVAILABLE,
        Reason.EXECUTOR_UNAVAILABLE.name(),
        "The executor does not answer; containers run on without it. See that it is started, and"
            + " call again",
        Map.of());
  }

  private static StatusRuntimeException bare(Status status) {
    return Status.fromCode(status.getCode())
        .withDescription(status.getDescription())
        .asRuntimeException();
  }

  private static StatusRuntimeException unforeseen(Status.Code code) {
    return Errors.of(
        Status.Code.INTERNAL,
        Reason.INTERNAL.name(),
        "The executor gave an answer that the gateway does not know; its log says more",
        Map.of("code", code.name()));
  }
}
