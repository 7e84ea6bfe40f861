package dev.caisson.auditor.rpc;

import com.google.protobuf.Timestamp;
import dev.caisson.proto.audit.v1.GetCpuWindowRequest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;

/** Between the API's messages about CPU time and the auditor's own types. */
final class CpuMessages {

  private CpuMessages() {}

  static Instant from(GetCpuWindowRequest request) {
    if (!request.hasFrom()) {
      throw AuditErrors.invalid("from", "from must be given");
    }
    return instant("from", request.getFrom());
  }

  static Instant to(GetCpuWindowRequest request, Instant from) {
    if (!request.hasTo()) {
      return Instant.MAX;
    }
    Instant to = instant("to", request.getTo());
    if (!to.isAfter(from)) {
      throw AuditErrors.invalid("to", "to must be after from: " + to);
    }
    return to;
  }

  static com.google.protobuf.Duration duration(Duration duration) {
    return com.google.protobuf.Duration.newBuilder()
        .setSeconds(duration.getSeconds())
        .setNanos(duration.getNano())
        .build();
  }

  private static Instant instant(String field, Timestamp time) {
    try {
      return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
    } catch (DateTimeException | ArithmeticException e) {
      throw AuditErrors.invalid(field, field + " must be a time: " + time.getSeconds() + " s");
    }
  }
}
