package dev.caisson.gateway;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
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
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Subject;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Answers with one thing, of the tenant that was asked for. */
final class FakeAuditor extends AuditGrpc.AuditImplBase {
  /** Of a message of a watch that floods, in bytes. */
  static final int CHUNK = 64 * 1024;

  final Queue<Message> requests = new ConcurrentLinkedQueue<>();
  final AtomicInteger chunks = new AtomicInteger();
  volatile CountDownLatch cancelled = new CountDownLatch(1);

  /** Instead of an answer. */
  volatile StatusRuntimeException failure;

  /** Whether it does not answer. */
  volatile boolean hang;

  /** Bytes of the record that a search finds. */
  volatile int size;

  @Override
  public void searchTrail(
      SearchTrailRequest request, StreamObserver<SearchTrailResponse> responses) {
    Event event =
        Event.newBuilder()
            .setNode("n1")
            .setId(ByteString.copyFrom(new byte[size]))
            .setSubject(Subject.newBuilder().setTenant(request.getTenant()))
            .build();
    answer(
        request,
        responses,
        SearchTrailResponse.newBuilder()
            .addRecords(TrailRecord.newBuilder().setEvent(event).setType("t"))
            .setNextPageToken("next")
            .build());
  }

  @Override
  public void verifyTrail(
      VerifyTrailRequest request, StreamObserver<VerifyTrailResponse> responses) {
    answer(
        request,
        responses,
        VerifyTrailResponse.newBuilder()
            .addNodes(NodeVerification.newBuilder().setNode("n1").setOk(true))
            .build());
  }

  @Override
  public void getCpuUsage(
      GetCpuUsageRequest request, StreamObserver<GetCpuUsageResponse> responses) {
    answer(
        request,
        responses,
        GetCpuUsageResponse.newBuilder().addSandboxes(figures(request.getTenant(), 1)).build());
  }

  @Override
  public void getCpuWindow(
      GetCpuWindowRequest request, StreamObserver<GetCpuWindowResponse> responses) {
    answer(
        request,
        responses,
        GetCpuWindowResponse.newBuilder()
            .addSandboxes(CpuWindow.newBuilder().setTenant(request.getTenant()))
            .build());
  }

  /** Once; of the sandbox {@code flood}, as fast as it can. */
  @Override
  public void watchCpuUsage(
      WatchCpuUsageRequest request, StreamObserver<WatchCpuUsageResponse> responses) {
    var call = (ServerCallStreamObserver<WatchCpuUsageResponse>) responses;
    call.setOnCancelHandler(cancelled::countDown);
    requests.add(request);
    if (request.getSandbox().equals("flood")) {
      call.setOnReadyHandler(() -> flood(call));
    } else if (failure != null) {
      responses.onError(failure);
    } else if (!hang) {
      responses.onNext(
          WatchCpuUsageResponse.newBuilder().setUsage(figures(request.getTenant(), 1)).build());
    }
  }

  private void flood(ServerCallStreamObserver<WatchCpuUsageResponse> call) {
    while (call.isReady()) {
      CpuApportioned figures =
          figures("t", chunks.incrementAndGet()).toBuilder().setNode("n".repeat(CHUNK)).build();
      call.onNext(WatchCpuUsageResponse.newBuilder().setUsage(figures).build());
    }
  }

  private static CpuApportioned figures(String tenant, long seq) {
    return CpuApportioned.newBuilder()
        .setTenant(tenant)
        .setSandboxId("web")
        .setSandboxSeq(seq)
        .setCgroupNanos(5)
        .build();
  }

  private <A> void answer(Message request, StreamObserver<A> responses, A answer) {
    ((ServerCallStreamObserver<A>) responses).setOnCancelHandler(cancelled::countDown);
    requests.add(request);
    if (failure != null) {
      responses.onError(failure);
    } else if (!hang) {
      responses.onNext(answer);
      responses.onCompleted();
    }
  }
}
