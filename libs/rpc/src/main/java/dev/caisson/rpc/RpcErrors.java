package dev.caisson.rpc;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Errors as they cross every boundary: a google.rpc.Status that carries one ErrorInfo. */
public final class RpcErrors {
  /** Of a message and of each value of metadata, in characters. Longer ones are cut. */
  public static final int MAX_TEXT = 1024;

  private RpcErrors() {}

  /**
   * An error that a client can act upon.
   *
   * @param domain the catalogue that the reason is from, as in {@code executor.caisson.dev}
   * @param reason UPPER_SNAKE_CASE, from that catalogue
   * @param message a sentence which says what is wrong and what to do
   * @param details of google.rpc, beside the ErrorInfo
   */
  public static StatusRuntimeException of(
      Status.Code code,
      String domain,
      String reason,
      String message,
      Map<String, String> metadata,
      Any... details) {
    ErrorInfo.Builder info = ErrorInfo.newBuilder().setDomain(domain).setReason(reason);
    metadata.forEach((key, value) -> info.putMetadata(key, bounded(value)));
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(code.value())
            .setMessage(bounded(message))
            .addDetails(Any.pack(info.build()))
            .addAllDetails(List.of(details))
            .build());
  }

  /** The detail that says after how long it is worth while to call again. */
  public static Any retryAfter(Duration wait) {
    var delay =
        com.google.protobuf.Duration.newBuilder()
            .setSeconds(wait.toSeconds())
            .setNanos(wait.toNanosPart());
    return Any.pack(RetryInfo.newBuilder().setRetryDelay(delay).build());
  }

  /** What a failed call brought of {@link #retryAfter}; empty where there is nothing of it. */
  public static Optional<Any> retryAfter(Throwable error) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    return status == null
        ? Optional.empty()
        : status.getDetailsList().stream().filter(one -> one.is(RetryInfo.class)).findFirst();
  }

  /** The ErrorInfo that a failed call brought; empty where there is none, or no valid one. */
  public static Optional<ErrorInfo> info(Throwable error) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    if (status == null) {
      return Optional.empty();
    }
    return status.getDetailsList().stream()
        .filter(detail -> detail.is(ErrorInfo.class))
        .findFirst()
        .flatMap(RpcErrors::unpack);
  }

  /** The trailers that an error carries; new ones where it carries none. */
  static Metadata trailers(Throwable error) {
    Metadata trailers = Status.trailersFromThrowable(error);
    return trailers == null ? new Metadata() : trailers;
  }

  /** The error as a service meant it, where it is one that a service meant to answer with. */
  static @Nullable StatusRuntimeException deliberate(@Nullable Throwable error) {
    return switch (error) {
      case StatusRuntimeException status -> status;
      case StatusException status -> status.getStatus().asRuntimeException(trailers(status));
      case null, default -> null;
    };
  }

  private static Optional<ErrorInfo> unpack(Any detail) {
    try {
      return Optional.of(detail.unpack(ErrorInfo.class));
    } catch (InvalidProtocolBufferException notAnInfo) {
      return Optional.empty();
    }
  }

  private static String bounded(String text) {
    return text.length() <= MAX_TEXT ? text : text.substring(0, MAX_TEXT - 1) + "…";
  }
}
