package dev.caisson.gateway;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.Position;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.journal.v1.RecordDenialResponse;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A journal of one epoch in memory. */
final class FakeJournal extends JournalGrpc.JournalImplBase {
  static final long EPOCH = 3;

  final AtomicInteger recordsRead = new AtomicInteger();
  final BlockingQueue<RecordDenialRequest> denials = new LinkedBlockingQueue<>();
  volatile boolean failing;
  private final List<Record> records = new ArrayList<>();
  private final List<StreamObserver<ReadResponse>> followers = new ArrayList<>();
  private long oldest = 1;

  synchronized void append(String tenant, String sandbox, String container) {
    Subject subject =
        Subject.newBuilder()
            .setTenant(tenant)
            .setSandboxId(sandbox)
            .setContainerId(container)
            .build();
    append(Event.newBuilder().setSubject(subject).build());
  }

  synchronized void append(Event event) {
    long seq = records.size() + 1L;
    Record made =
        Record.newBuilder()
            .setPosition(Position.newBuilder().setEpoch(EPOCH).setSeq(seq))
            .setEvent(event.toBuilder().setEpoch(EPOCH).setSeq(seq).build().toByteString())
            .build();
    records.add(made);
    followers.forEach(follower -> follower.onNext(response(List.of(made))));
  }

  /** What is older than this is not kept. */
  synchronized void dropBefore(long seq) {
    oldest = seq;
  }

  synchronized void forgetEverything() {
    records.clear();
  }

  synchronized int followers() {
    return followers.size();
  }

  @Override
  public synchronized void read(ReadRequest request, StreamObserver<ReadResponse> responses) {
    long after = request.getAfter().getSeq();
    boolean begin = request.getAfter().getEpoch() == 0;
    if (!begin && after + 1 < oldest) {
      throw RpcErrors.of(
          Status.Code.NOT_FOUND, "executor.caisson.dev", "POSITION_NOT_RETAINED", "x", Map.of());
    }
    if (request.getAfter().getEpoch() > EPOCH || after > records.size()) {
      throw RpcErrors.of(
          Status.Code.OUT_OF_RANGE, "executor.caisson.dev", "POSITION_AHEAD", "x", Map.of());
    }
    List<Record> rest =
        records.stream()
            .filter(one -> one.getPosition().getSeq() > after)
            .filter(one -> one.getPosition().getSeq() >= oldest)
            .toList();
    recordsRead.addAndGet(rest.size());
    responses.onNext(response(rest));
    if (request.getFollow()) {
      followers.add(responses);
    } else {
      responses.onCompleted();
    }
  }

  /** Unless it is to answer nobody. */
  @Override
  public void recordDenial(
      RecordDenialRequest request, StreamObserver<RecordDenialResponse> responses) {
    boolean fails = failing; // before anybody can know of it
    denials.add(request);
    if (!fails) {
      responses.onNext(RecordDenialResponse.newBuilder().setRecorded(true).build());
      responses.onCompleted();
    } else {
      responses.onError(Status.UNAVAILABLE.asRuntimeException());
    }
  }

  private static ReadResponse response(List<Record> some) {
    return ReadResponse.newBuilder().addAllRecords(some).build();
  }
}
