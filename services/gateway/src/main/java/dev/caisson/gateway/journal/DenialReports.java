package dev.caisson.gateway.journal;

import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.journal.v1.RecordDenialResponse;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.rpc.Channels;
import dev.caisson.rpc.RpcErrors;
import dev.caisson.rpc.ServedRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the gateway refuses goes into the record. One report is under way at a time: refusals
 * meanwhile, or while the journal does not answer, are counted, and the next report tells of them.
 * Nobody waits for it. Thread-safe.
 */
@Singleton
public final class DenialReports {
  private static final Logger LOG = LoggerFactory.getLogger(DenialReports.class);

  private final JournalGrpc.JournalStub stub;
  private final AtomicBoolean underWay = new AtomicBoolean();
  private final AtomicLong untold = new AtomicLong();

  DenialReports(@Named("journal") ManagedChannel channel) {
    this.stub = JournalGrpc.newStub(channel);
  }

  /**
   * Tells of one.
   *
   * @param operation as in {@code CreateContainer}
   * @param actor who was refused
   */
  public void report(String operation, Actor actor, StatusRuntimeException refusal) {
    if (!underWay.compareAndSet(false, true)) {
      untold.incrementAndGet();
      return;
    }
    RecordDenialRequest.Builder request =
        RecordDenialRequest.newBuilder()
            .setActor(actor)
            .setOperation(operation)
            .setSuppressed(untold.getAndSet(0));
    RpcErrors.info(refusal).ifPresent(info -> request.setReason(info.getReason()));
    String message = refusal.getStatus().getDescription();
    send(request.setMessage(message == null ? "" : message).build());
  }

  /** In no caller's context: that of the one who was refused ends with his call. */
  private void send(RecordDenialRequest request) {
    ServedRequest.apart()
        .run(() -> Channels.withDeadline(stub).recordDenial(request, new Report(request)));
  }

  private final class Report implements StreamObserver<RecordDenialResponse> {
    private final RecordDenialRequest request;

    Report(RecordDenialRequest request) {
      this.request = request;
    }

    @Override
    public void onNext(RecordDenialResponse response) {}

    @Override
    public void onError(Throwable failure) {
      LOG.warn(
          "A refusal is not in the record ({} of {}: {}): {}",
          request.getOperation(),
          request.getActor().getPrincipal(),
          request.getReason(),
          failure.getMessage());
      untold.addAndGet(request.getSuppressed() + 1);
      underWay.set(false);
    }

    @Override
    public void onCompleted() {
      underWay.set(false);
    }
  }
}
