package dev.caisson.cli;

import dev.caisson.proto.audit.v1.AuditGrpc;
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
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** An auditor that tells what a test gives it; a watch ends after the last record of a sandbox. */
final class FakeAuditor extends AuditGrpc.AuditImplBase {
  final List<CpuApportioned> records = new CopyOnWriteArrayList<>();
  final List<GetCpuWindowRequest> windows = new CopyOnWriteArrayList<>();
  final List<TrailRecord> trail = new CopyOnWriteArrayList<>();
  final List<SearchTrailRequest> searches = new CopyOnWriteArrayList<>();
  final List<NodeVerification> nodes = new CopyOnWriteArrayList<>();

  /** Instead of verifying. */
  @Nullable StatusRuntimeException failure;

  /** A page token is how many records came before. */
  @Override
  public void searchTrail(
      SearchTrailRequest request, StreamObserver<SearchTrailResponse> observer) {
    searches.add(request);
    int from = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
    int to = Math.min(from + request.getPageSize(), trail.size());
    SearchTrailResponse.Builder page =
        SearchTrailResponse.newBuilder().addAllRecords(trail.subList(from, to));
    if (to < trail.size()) {
      page.setNextPageToken(Integer.toString(to));
    }
    observer.onNext(page.build());
    observer.onCompleted();
  }

  @Override
  public void verifyTrail(
      VerifyTrailRequest request, StreamObserver<VerifyTrailResponse> observer) {
    if (failure != null) {
      observer.onError(failure);
      return;
    }
    observer.onNext(
        VerifyTrailResponse.newBuilder()
            .addAllNodes(
                nodes.stream()
                    .filter(one ->
                        request.getNode().isEmpty() || request.getNode().equals(one.getNode()))
                    .toList())
            .build());
    observer.onCompleted();
  }

  @Override
  public void getCpuWindow(
      GetCpuWindowRequest request, StreamObserver<GetCpuWindowResponse> observer) {
    windows.add(request);
    observer.onNext(GetCpuWindowResponse.getDefaultInstance());
    observer.onCompleted();
  }

  @Override
  public void watchCpuUsage(
      WatchCpuUsageRequest request, StreamObserver<WatchCpuUsageResponse> observer) {
    for (CpuApportioned record : records) {
      observer.onNext(WatchCpuUsageResponse.newBuilder().setUsage(record).build());
      if (record.getLast()) {
        observer.onCompleted();
      }
    }
  }
}
