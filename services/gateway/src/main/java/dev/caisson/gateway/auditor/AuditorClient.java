package dev.caisson.gateway.auditor;

import dev.caisson.gateway.bridge.ClientCalls;
import dev.caisson.gateway.errors.Upstream;
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
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.RequestForwarding;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.function.BiConsumer;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The auditor's answers as publishers, with its errors as the gateway's callers read them. A
 * question has the caller's deadline, or the default one; verification reads everything that was
 * recorded, and has only the caller's, as a watch has.
 */
@Singleton
public final class AuditorClient {
  private final AuditGrpc.AuditStub stub;
  private final AuditGrpc.AuditStub watches;

  AuditorClient(
      @Named("auditor") ManagedChannel questions,
      @Named("auditor-watches") ManagedChannel watches) {
    this.stub = stub(questions);
    this.watches = stub(watches);
  }

  private static AuditGrpc.AuditStub stub(ManagedChannel channel) {
    return AuditGrpc.newStub(channel).withInterceptors(new RequestForwarding());
  }

  public Mono<SearchTrailResponse> searchTrail(SearchTrailRequest request) {
    return question(request, timed -> timed::searchTrail);
  }

  public Mono<VerifyTrailResponse> verifyTrail(VerifyTrailRequest request) {
    return ClientCalls.<VerifyTrailRequest, VerifyTrailResponse>unary(request, stub::verifyTrail)
        .onErrorMap(Upstream::translateAuditor);
  }

  public Mono<GetCpuUsageResponse> getCpuUsage(GetCpuUsageRequest request) {
    return question(request, timed -> timed::getCpuUsage);
  }

  public Mono<GetCpuWindowResponse> getCpuWindow(GetCpuWindowRequest request) {
    return question(request, timed -> timed::getCpuWindow);
  }

  public Flux<WatchCpuUsageResponse> watchCpuUsage(WatchCpuUsageRequest request) {
    return ClientCalls.<WatchCpuUsageRequest, WatchCpuUsageResponse>serverStream(
            request, watches::watchCpuUsage)
        .onErrorMap(Upstream::translateAuditor);
  }

  private <Q, A> Mono<A> question(
      Q request, Function<AuditGrpc.AuditStub, BiConsumer<Q, StreamObserver<A>>> method) {
    return Mono.defer(() -> ClientCalls.unary(request, method.apply(timed())))
        .onErrorMap(Upstream::translateAuditor);
  }

  private AuditGrpc.AuditStub timed() {
    return Context.current().getDeadline() == null ? Channels.withDeadline(stub) : stub;
  }
}
