package dev.caisson.auditor.rpc;

import com.google.protobuf.MessageLite;
import dev.caisson.auditor.cpu.CpuHistory;
import dev.caisson.auditor.cpu.CpuQuery;
import dev.caisson.auditor.cpu.CpuTable;
import dev.caisson.auditor.trail.TrailException;
import dev.caisson.auditor.trail.TrailQuery;
import dev.caisson.auditor.trail.TrailSearch;
import dev.caisson.auditor.trail.TrailVerifier;
import dev.caisson.auditor.trail.Verification;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.audit.v1.CpuWindow;
import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.audit.v1.GetCpuUsageResponse;
import dev.caisson.proto.audit.v1.GetCpuWindowRequest;
import dev.caisson.proto.audit.v1.GetCpuWindowResponse;
import dev.caisson.proto.audit.v1.SearchTrailRequest;
import dev.caisson.proto.audit.v1.SearchTrailResponse;
import dev.caisson.proto.audit.v1.VerifyTrailRequest;
import dev.caisson.proto.audit.v1.VerifyTrailResponse;
import dev.caisson.proto.audit.v1.WatchCpuUsageRequest;
import dev.caisson.proto.audit.v1.WatchCpuUsageResponse;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/**
 * Answers from the database and from the committed figures, whether Kafka is there or not.
 * Thread-safe.
 */
final class AuditService extends AuditGrpc.AuditImplBase {

  // So that an answer fits into a message of 4 MiB, whatever number of sandboxes matches.
  static final int MAX_USAGE_BYTES = 3 << 20;

  private final TrailSearch search;
  private final TrailVerifier verifier;
  private final CpuTable figures;
  private final CpuHistory history;
  private final MeterRegistry registry;

  AuditService(
      TrailSearch search,
      TrailVerifier verifier,
      CpuTable figures,
      CpuHistory history,
      MeterRegistry registry) {
    this.search = search;
    this.verifier = verifier;
    this.figures = figures;
    this.history = history;
    this.registry = registry;
  }

  @Override
  public void searchTrail(
      SearchTrailRequest request, StreamObserver<SearchTrailResponse> observer) {
    TrailQuery query = TrailMessages.query(request);
    BooleanSupplier leaving = Context.current()::isCancelled;
    TrailSearch.Page page = stored(() -> search.search(query, request.getPageToken(), leaving));
    SearchTrailResponse.Builder response = SearchTrailResponse.newBuilder();
    page.found().forEach(found -> response.addRecords(TrailMessages.message(found)));
    page.next().ifPresent(response::setNextPageToken);
    answer(observer, response.build());
  }

  @Override
  public void verifyTrail(
      VerifyTrailRequest request, StreamObserver<VerifyTrailResponse> observer) {
    VerifyTrailResponse.Builder response = VerifyTrailResponse.newBuilder();
    for (Verification verification : verify(request.getNode(), Context.current()::isCancelled)) {
      verification.problem().ifPresent(problem -> count(problem.kind().name()));
      response.addNodes(TrailMessages.message(verification));
    }
    answer(observer, response.build());
  }

  @Override
  public void getCpuUsage(
      GetCpuUsageRequest request, StreamObserver<GetCpuUsageResponse> observer) {
    CpuQuery query =
        new CpuQuery(request.getTenant(), request.getSandbox(), request.getContainer());
    answer(
        observer,
        GetCpuUsageResponse.newBuilder().addAllSandboxes(bounded(figures.find(query))).build());
  }

  @Override
  public void getCpuWindow(
      GetCpuWindowRequest request, StreamObserver<GetCpuWindowResponse> observer) {
    CpuQuery query =
        new CpuQuery(request.getTenant(), request.getSandbox(), request.getContainer());
    Instant from = CpuMessages.from(request);
    List<CpuWindow> found = history.find(query, from, CpuMessages.to(request, from));
    answer(
        observer,
        GetCpuWindowResponse.newBuilder()
            .addAllSandboxes(bounded(found))
            .setHistory(CpuMessages.duration(history.length()))
            .build());
  }

  @Override
  public void watchCpuUsage(
      WatchCpuUsageRequest request, StreamObserver<WatchCpuUsageResponse> observer) {
    CpuQuery query = new CpuQuery(request.getTenant(), request.getSandbox(), "");
    var caller = (ServerCallStreamObserver<WatchCpuUsageResponse>) observer;
    CpuWatch.start(figures, query, caller);
  }

  private static <M extends MessageLite> List<M> bounded(List<M> found) {
    if (found.isEmpty()) {
      throw AuditErrors.noUsage();
    }
    if (found.stream().mapToLong(MessageLite::getSerializedSize).sum() > MAX_USAGE_BYTES) {
      throw AuditErrors.invalid("sandbox", "sandbox must be given: too many match");
    }
    return found;
  }

  /** Goes on for as long as somebody waits for it. */
  private List<Verification> verify(String node, BooleanSupplier stopping) {
    if (node.isEmpty()) {
      return stored(() -> verifier.verifyAll(stopping));
    }
    return List.of(
        stored(() -> verifier.verify(node, stopping))
            .orElseThrow(() -> AuditErrors.unknownNode(node)));
  }

  private void count(String kind) {
    registry.counter("caisson.trail.problems", "kind", kind.toLowerCase(Locale.ROOT)).increment();
  }

  private static <T> T stored(Stored<T> read) {
    try {
      return read.get();
    } catch (SQLException e) {
      throw new TrailException(e);
    }
  }

  private interface Stored<T> {
    T get() throws SQLException;
  }

  private static <T> void answer(StreamObserver<T> observer, T response) {
    observer.onNext(response);
    observer.onCompleted();
  }
}
