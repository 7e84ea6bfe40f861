package dev.caisson.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A call that failed. Its message is a sentence for people, which may change; programs decide by
 * {@link #code} and {@link #reason}, which docs/errors.md lists. Its cause is gRPC's own exception.
 * Immutable.
 */
public final class CaissonException extends RuntimeException {
  private static final String CUT_OFF =
      "The service ended, or the connection to it was cut, during the call";

  private final Status.Code code;
  private final ErrorInfo info;
  private final @Nullable Duration retryDelay;
  private final boolean unreached;

  private CaissonException(
      String message,
      Throwable cause,
      Status.Code code,
      ErrorInfo info,
      @Nullable Duration retryDelay,
      boolean unreached) {
    super(message, cause);
    this.code = code;
    this.info = info;
    this.retryDelay = retryDelay;
    this.unreached = unreached;
  }

  /**
   * What a failure of gRPC says. For calls by stubs on {@link Caisson#channel}; others fail with
   * this by themselves.
   */
  public static CaissonException of(Throwable failure) {
    return failure instanceof CaissonException known ? known : decoded(failure);
  }

  private static CaissonException decoded(Throwable failure) {
    Status status = Status.fromThrowable(failure);
    com.google.rpc.Status details =
        Objects.requireNonNullElse(
            StatusProto.fromThrowable(failure), com.google.rpc.Status.getDefaultInstance());
    ErrorInfo info = detail(details, ErrorInfo.class).orElseGet(ErrorInfo::getDefaultInstance);
    boolean unreached = SentCalls.isUnsent(Status.trailersFromThrowable(failure));
    boolean cutOff = isCutOff(status.getCode(), info, unreached);
    return new CaissonException(
        cutOff ? CUT_OFF : message(status),
        failure,
        status.getCode(),
        info,
        detail(details, RetryInfo.class).map(CaissonException::delay).orElse(null),
        unreached);
  }

  private static <T extends Message> Optional<T> detail(
      com.google.rpc.Status status, Class<T> type) {
    return status.getDetailsList().stream()
        .filter(detail -> detail.is(type))
        .findFirst()
        .flatMap(detail -> unpacked(detail, type));
  }

  private static <T extends Message> Optional<T> unpacked(Any detail, Class<T> type) {
    try {
      return Optional.of(detail.unpack(type));
    } catch (InvalidProtocolBufferException notOne) {
      return Optional.empty();
    }
  }

  private static Duration delay(RetryInfo info) {
    return Duration.ofSeconds(info.getRetryDelay().getSeconds(), info.getRetryDelay().getNanos());
  }

  private static String message(Status status) {
    String description = status.getDescription();
    Throwable cause = status.getCause();
    boolean bare = description == null || description.equals("io exception");
    if (bare && cause != null) {
      return Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
    }
    return description == null ? "The call ended with " + status.getCode() : description;
  }

  private static boolean isCutOff(Status.Code code, ErrorInfo info, boolean unreached) {
    return code == Status.Code.UNAVAILABLE && info.getReason().isEmpty() && !unreached;
  }

  /** The canonical code. */
  public Status.Code code() {
    return code;
  }

  /**
   * From the catalogue of {@link #domain}, as in {@code SANDBOX_NOT_FOUND}; empty: none was told.
   */
  public String reason() {
    return info.getReason();
  }

  /** Whose catalogue it is, as in {@code caisson.dev}; empty where there is no reason. */
  public String domain() {
    return info.getDomain();
  }

  /** Which field, id or bound is meant; unmodifiable. */
  public Map<String, String> metadata() {
    return info.getMetadataMap();
  }

  /** After which pause the same call may succeed, where the service says so. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(retryDelay);
  }

  /**
   * Whether nothing of it was ever sent: nothing listens or is to be trusted, there was no token,
   * or the client was closed. Known of calls by this client and by {@link Caisson#channel}.
   */
  public boolean isUnreached() {
    return unreached;
  }

  /**
   * Whether a call that had reached the service got no answer: so it may have been done, or not.
   * With the same {@code request_id} it can be made again.
   */
  public boolean isCutOff() {
    return isCutOff(code, info, unreached);
  }
}
