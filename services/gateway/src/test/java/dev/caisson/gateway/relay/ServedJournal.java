package dev.caisson.gateway.relay;

import com.google.protobuf.ByteString;
import dev.caisson.events.HashChain;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.events.v1.UsageSample;
import dev.caisson.proto.journal.v1.AcknowledgeRequest;
import dev.caisson.proto.journal.v1.AcknowledgeResponse;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.ReadUsageRequest;
import dev.caisson.proto.journal.v1.ReadUsageResponse;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.journal.v1.UsageRecord;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * A journal of some epochs in memory, which sends a record at a time, so that there are many
 * transactions.
 */
final class ServedJournal extends JournalGrpc.JournalImplBase {

  private final List<Record> records = new ArrayList<>();
  private final List<UsageRecord> samples = new ArrayList<>();
  private final List<Consumer<Record>> followers = new ArrayList<>();
  private final List<StreamObserver<ReadResponse>> streams = new ArrayList<>();
  private ByteString chain = HashChain.GENESIS;
  private Place end = Place.START;
  private Place deleted = Place.START;
  private volatile Progress acknowledged = Progress.NONE;
  private volatile Runnable whenAcknowledged = () -> {};
  private volatile boolean hanging;

  synchronized void append(int count) {
    for (int i = 0; i < count; i++) {
      end = new Place(Math.max(1, end.epoch()), end.seq() + 1);
      ByteString event =
          Event.newBuilder()
              .setNode("n1")
              .setEpoch(end.epoch())
              .setSeq(end.seq())
              .setSubject(Subject.newBuilder().setSandboxUid("u" + end.seq() % 3))
              .build()
              .toByteString();
      chain = HashChain.next(chain, event);
      Record record =
          Record.newBuilder().setPosition(end.message()).setEvent(event).setChain(chain).build();
      records.add(record);
      followers.forEach(follower -> follower.accept(record));
    }
  }

  synchronized long lastSeq() {
    return end.seq();
  }

  /** Of all its events. */
  synchronized long bytes() {
    return records.stream().mapToLong(record -> record.getEvent().size()).sum();
  }

  synchronized void nextEpoch() {
    end = new Place(end.epoch() + 1, 0);
    append(1);
  }

  synchronized void sample(int count) {
    for (int i = 0; i < count; i++) {
      UsageSample sample = UsageSample.newBuilder().setNode("n1").setSandboxUid("u1").build();
      samples.add(
          UsageRecord.newBuilder()
              .setPosition(new Place(1, samples.size() + 1L).message())
              .setSample(sample.toByteString())
              .build());
    }
  }

  synchronized void deleteUpTo(long epoch, long seq) {
    deleted = new Place(epoch, seq);
  }

  /** Waits until somebody follows, and so until all that is there has been sent. */
  synchronized void awaitFollower() throws InterruptedException {
    while (followers.isEmpty()) {
      wait();
    }
  }

  /** Ends every stream, as an executor does that is restarted. */
  synchronized void disconnect() {
    streams.forEach(ServedJournal::end);
    streams.clear();
    followers.clear();
  }

  private static void end(StreamObserver<?> stream) {
    if (!((ServerCallStreamObserver<?>) stream).isCancelled()) {
      stream.onError(Status.UNAVAILABLE.asRuntimeException());
    }
  }

  Progress acknowledged() {
    return acknowledged;
  }

  /** From now on, acknowledgements get no answer. Returns what the first of them counts down. */
  CountDownLatch hangAtAcknowledgement() {
    CountDownLatch reached = new CountDownLatch(1);
    whenAcknowledged = reached::countDown;
    hanging = true;
    return reached;
  }

  void answerAgain() {
    hanging = false;
    whenAcknowledged = () -> {};
  }

  @Override
  public synchronized void read(ReadRequest request, StreamObserver<ReadResponse> observer) {
    Place after = Place.of(request.getAfter());
    if (after.compareTo(deleted) < 0) {
      observer.onError(
          RpcErrors.of(
              Status.Code.NOT_FOUND,
              "journal.caisson.dev",
              "POSITION_NOT_RETAINED",
              "deleted",
              Map.of(
                  "epoch", Long.toString(deleted.epoch()), "seq", Long.toString(deleted.seq()))));
      return;
    }
    // Without a handler, sending to a client that has gone throws.
    ((ServerCallStreamObserver<ReadResponse>) observer).setOnCancelHandler(() -> {});
    Consumer<Record> send =
        record -> observer.onNext(ReadResponse.newBuilder().addRecords(record).build());
    records.stream()
        .filter(record -> Place.of(record.getPosition()).compareTo(after) > 0)
        .forEach(send);
    followers.add(send);
    streams.add(observer);
    notifyAll();
  }

  @Override
  public synchronized void readUsage(
      ReadUsageRequest request, StreamObserver<ReadUsageResponse> observer) {
    Place after = Place.of(request.getAfter());
    for (UsageRecord sample : samples) {
      if (Place.of(sample.getPosition()).compareTo(after) > 0) {
        observer.onNext(ReadUsageResponse.newBuilder().addRecords(sample).build());
      }
    }
  }

  @Override
  public void acknowledge(
      AcknowledgeRequest request, StreamObserver<AcknowledgeResponse> observer) {
    whenAcknowledged.run();
    if (!hanging) {
      acknowledged = new Progress(Place.of(request.getEvents()), Place.of(request.getUsage()));
      observer.onNext(AcknowledgeResponse.getDefaultInstance());
      observer.onCompleted();
    }
  }
}
