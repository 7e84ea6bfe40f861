package dev.caisson.auditor.rpc;

import dev.caisson.auditor.trail.InvalidQueryException;
import dev.caisson.auditor.trail.SearchTooLongException;
import dev.caisson.auditor.trail.TrailBusyException;
import dev.caisson.auditor.trail.TrailException;
import dev.caisson.proto.audit.v1.Reason;
import dev.caisson.rpc.ErrorMapper;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** The errors of {@code caisson.audit.v1}. Whatever is not here is a defect, and INTERNAL. */
final class AuditErrors implements ErrorMapper {

  static final String DOMAIN = "audit.caisson.dev";

  private static final Duration SOON = Duration.ofSeconds(1);

  private static final Set<String> PAGING = Set.of("page_size", "page_token");

  @Override
  public @Nullable StatusRuntimeException map(Throwable error) {
    return switch (error) {
      case InvalidQueryException e -> invalid(e.field(), e.getMessage());
      case TrailException e when e.isAway() -> trailUnavailable();
      case TrailBusyException _ -> trailBusy();
      case SearchTooLongException _ -> searchTooLong();
      case CancellationException e -> Status.CANCELLED.withCause(e).asRuntimeException();
      default -> null;
    };
  }

  static StatusRuntimeException invalid(String field, @Nullable String message) {
    Reason reason = PAGING.contains(field) ? Reason.INVALID_PAGE : Reason.INVALID_FIELD;
    return of(Code.INVALID_ARGUMENT, reason, String.valueOf(message), Map.of("field", field));
  }

  static StatusRuntimeException unknownNode(String node) {
    String message = "Nothing of this node has been recorded: " + node;
    return of(Code.NOT_FOUND, Reason.UNKNOWN_NODE, message, Map.of("node", node));
  }

  static StatusRuntimeException trailUnavailable() {
    String message = "The trail's database is away; the auditor waits for it. Try again later";
    return of(Code.UNAVAILABLE, Reason.TRAIL_UNAVAILABLE, message, Map.of());
  }

  static StatusRuntimeException trailBusy() {
    String message = "As many searches and verifications run as may at a time. Try again later";
    return RpcErrors.of(
        Code.RESOURCE_EXHAUSTED,
        DOMAIN,
        Reason.TRAIL_BUSY.name(),
        message,
        Map.of(),
        RpcErrors.retryAfter(SOON));
  }

  static StatusRuntimeException searchTooLong() {
    String message = "The search took too long and was stopped. Narrow it, by from and to at first";
    return of(Code.DEADLINE_EXCEEDED, Reason.SEARCH_TOO_LONG, message, Map.of());
  }

  static StatusRuntimeException noUsage() {
    String message = "No sample has come yet for what was asked; the first comes within seconds";
    return of(Code.NOT_FOUND, Reason.NO_USAGE, message, Map.of());
  }

  private static StatusRuntimeException of(
      Code code, Reason reason, String message, Map<String, String> metadata) {
    return RpcErrors.of(code, DOMAIN, reason.name(), message, metadata);
  }
}
