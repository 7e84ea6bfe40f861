package dev.caisson.gateway.api;

import dev.caisson.gateway.auditor.AuditorClient;
import dev.caisson.gateway.bridge.ServerCalls;
import dev.caisson.proto.audit.v1.AuditGrpc;
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
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;

/**
 * The trail and CPU time, which the auditor answers for. What gets here is confined to a tenant in
 * which its caller has the permission, or he has it in all.
 */
@Singleton
final class AuditService extends AuditGrpc.AuditImplBase {
  private final AuditorClient auditor;

  AuditService(AuditorClient auditor) {
    this.auditor = auditor;
  }

  @Override
  public void searchTrail(
      SearchTrailRequest request, StreamObserver<SearchTrailResponse> responses) {
    ServerCalls.answer(responses, auditor.searchTrail(request));
  }

  @Override
  public void verifyTrail(
      VerifyTrailRequest request, StreamObserver<VerifyTrailResponse> responses) {
    ServerCalls.answer(responses, auditor.verifyTrail(request));
  }

  @Override
  public void getCpuUsage(
      GetCpuUsageRequest request, StreamObserver<GetCpuUsageResponse> responses) {
    ServerCalls.answer(responses, auditor.getCpuUsage(request));
  }

  @Override
  public void getCpuWindow(
      GetCpuWindowRequest request, StreamObserver<GetCpuWindowResponse> responses) {
    ServerCalls.answer(responses, auditor.getCpuWindow(request));
  }

  @Override
  public void watchCpuUsage(
      WatchCpuUsageRequest request, StreamObserver<WatchCpuUsageResponse> responses) {
    ServerCalls.stream(responses, auditor.watchCpuUsage(request));
  }
}
