package dev.caisson.rpc;

import dev.caisson.model.LogFields;
import dev.caisson.model.LogLine;

/** Which call is being served. */
public final class RequestFields implements LogFields {
  @Override
  public void addTo(LogLine line) {
    ServedRequest.current().ifPresent(request -> add(request, line));
  }

  private static void add(ServedRequest request, LogLine line) {
    line.with("request_id", request.id());
    if (!request.traceId().isEmpty()) {
      line.with("trace_id", request.traceId());
    }
  }
}
