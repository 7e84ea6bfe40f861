package dev.caisson.gateway.errors;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * How the errors of the executor and the auditor, and of the ways to them, read to the gateway's
 * callers.
 */
public final class Upstream {
  /** After which it may be that somebody has deleted something. */
  private static final Duration DELETION = Duration.ofSeconds(10);

  /** Of libs/rpc, where a socket's server does not serve a user. */
  private static final String PEER_REFUSED = "PEER_REFUSED";

  /** Likewise, of a call that runs when a server ends. */
  private static final String NOT_READY = "NOT_READY";

  private static final Service EXECUTOR =
      new Service(
          "The executor",
          Reason.EXECUTOR_UNAVAILABLE,
          "containers run on without it. See that it is started, and call again",
          Upstream::ofExecutor);

  private static final Service AUDITOR =
      new Service(
          "The auditor",
          Reason.AUDITOR_UNAVAILABLE,
          "all else is served without it, and Kafka keeps what it has not read. See that it is"
              + " started, and call again",
          Upstream::ofAuditor);

  private Upstream() {}

  /**
   * The executor's code, sentence, reason and metadata under the gateway's domain; UNAVAILABLE
   * where it does not answer; and what is none of a caller's business as INTERNAL.
   */
  public static Throwable translate(Throwable error) {
    return translate(error, EXECUTOR);
  }

  /** The same of the auditor, whose refusals keep their own domain: its API is its own. */
  public static Throwable translateAuditor(Throwable error) {
    return translate(error, AUDITOR);
  }

  /**
   * One that the gateway calls.
   *
   * @param passedOn what it has refused, as callers read it
   */
  private record Service(
      String name,
      Reason absence,
      String advice,
      BiFunction<StatusRuntimeException, ErrorInfo, StatusRuntimeException> passedOn) {}

  private static Throwable translate(Throwable error, Service service) {
    if (!(error instanceof StatusRuntimeException failure)) {
      return error;
    }
    Optional<ErrorInfo> info = RpcErrors.info(failure);
    if (info.isPresent()) {
      return service.passedOn().apply(failure, info.get());
    }
    Status.Code code = failure.getStatus().getCode();
    return switch (code) {
      case UNAVAILABLE -> unavailable(service);
      case DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED -> bare(failure.getStatus());
      default -> failure.getStatus().getCause() == null ? unforeseen(service, code) : failure;
    };
  }

  /** A gateway that is not let in is the operator's to mend, and no fault of a caller's. */
  private static StatusRuntimeException ofAuditor(StatusRuntimeException failure, ErrorInfo info) {
    return switch (info.getReason()) {
      case PEER_REFUSED ->
          Errors.of(
              Status.Code.UNAVAILABLE,
              Reason.AUDITOR_UNAVAILABLE.name(),
              "The auditor does not let the gateway in. Add the gateway's user to"
                  + " caisson.auditor.allowed-users, and start the auditor again",
              Map.of());
      case NOT_READY -> unavailable(AUDITOR);
      default ->
          RpcErrors.of(
              failure.getStatus().getCode(),
              info.getDomain(),
              info.getReason(),
              message(failure.getStatus(), info),
              info.getMetadataMap(),
              RpcErrors.retryAfter(failure).stream().toArray(Any[]::new));
    };
  }

  private static StatusRuntimeException ofExecutor(StatusRuntimeException failure, ErrorInfo info) {
    Status status = failure.getStatus();
    return info.getReason().equals(Reason.QUOTA_EXCEEDED.name())
        ? Errors.quotaExceeded(message(status, info), info.getMetadataMap(), DELETION)
        : Errors.of(
            status.getCode(), info.getReason(), message(status, info), info.getMetadataMap());
  }

  private static String message(Status status, ErrorInfo info) {
    return Optional.ofNullable(status.getDescription()).orElse(info.getReason());
  }

  private static StatusRuntimeException unavailable(Service service) {
    return Errors.of(
        Status.Code.UNAVAILABLE,
        service.absence().name(),
        service.name() + " does not answer; " + service.advice(),
        Map.of());
  }

  private static StatusRuntimeException bare(Status status) {
    return Status.fromCode(status.getCode())
        .withDescription(status.getDescription())
        .asRuntimeException();
  }

  private static StatusRuntimeException unforeseen(Service service, Status.Code code) {
    return Errors.of(
        Status.Code.INTERNAL,
        Reason.INTERNAL.name(),
        service.name() + " gave an answer that the gateway does not know; its log says more",
        Map.of("code", code.name()));
  }
}
