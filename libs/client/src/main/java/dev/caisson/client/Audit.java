package dev.caisson.client;

import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.audit.v1.GetCpuUsageResponse;
import dev.caisson.proto.audit.v1.GetCpuWindowRequest;
import dev.caisson.proto.audit.v1.GetCpuWindowResponse;
import dev.caisson.proto.audit.v1.NodeVerification;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.audit.v1.SearchTrailResponse;
import dev.caisson.proto.audit.v1.TrailRecord;
import dev.caisson.proto.audit.v1.VerifyTrailRequest;
import dev.caisson.proto.audit.v1.VerifyTrailResponse;
import dev.caisson.proto.audit.v1.WatchCpuUsageRequest;
import dev.caisson.proto.audit.v1.WatchCpuUsageResponse;
import dev.caisson.proto.events.v1.CpuApportioned;
import reactor.core.publisher.Flux;

/**
 * The auditor, {@code caisson.audit.v1}: who did what, and whom CPU time is charged to. It answers
 * on its own machine alone. Thread-safe.
 */
public final class Audit {
  private final Calls calls;

  Audit(Calls calls) {
    this.calls = calls;
  }

  /**
   * The records that match, oldest first. Read page by page, as the subscriber takes them.
   *
   * @param request whose page size, where it is set, is that of the pages, and whose page token,
   *     where it is set, names the one to begin with
   */
  public Flux<TrailRecord> search(SearchTrailRequest request) {
    int size = request.getPageSize() == 0 ? Pages.SIZE : request.getPageSize();
    return Pages.of(
        request.getPageToken(),
        token ->
            calls.unary(
                AuditGrpc.getSearchTrailMethod(),
                request.toBuilder().setPageSize(size).setPageToken(token).build()),
        SearchTrailResponse::getRecordsList,
        SearchTrailResponse::getNextPageToken);
  }

  /** Recomputes the chain of a node, or of every one. What does not hold is an answer, no error. */
  public Flux<NodeVerification> verify(VerifyTrailRequest request) {
    return calls
        .unary(AuditGrpc.getVerifyTrailMethod(), request)
        .flatMapIterable(VerifyTrailResponse::getNodesList);
  }

  /** The newest figures of each sandbox that matches. */
  public Flux<CpuApportioned> cpuUsage(GetCpuUsageRequest request) {
    return calls
        .unary(AuditGrpc.getGetCpuUsageMethod(), request)
        .flatMapIterable(GetCpuUsageResponse::getSandboxesList);
  }

  /** What each sandbox that matches used in a window. */
  public Flux<CpuWindow> cpuWindow(GetCpuWindowRequest request) {
    return calls
        .unary(AuditGrpc.getGetCpuWindowMethod(), request)
        .flatMapIterable(GetCpuWindowResponse::getSandboxesList);
  }

  /** The newest figures, and then each new record. Cut off, it fails: begin anew. */
  public Flux<CpuApportioned> watchCpuUsage(WatchCpuUsageRequest request) {
    return calls.stream(AuditGrpc.getWatchCpuUsageMethod(), request)
        .map(WatchCpuUsageResponse::getUsage);
  }
}
