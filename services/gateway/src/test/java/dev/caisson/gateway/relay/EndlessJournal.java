package dev.caisson.gateway.relay;

import com.google.protobuf.ByteString;
import dev.caisson.events.HashChain;
import dev.caisson.events.JournalRecord;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.journal.v1.AcknowledgeRequest;
import dev.caisson.proto.journal.v1.AcknowledgeResponse;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.ReadUsageRequest;
import dev.caisson.proto.journal.v1.ReadUsageResponse;
import dev.caisson.proto.journal.v1.Record;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;

/**
 * A journal of long messages, made when its client asks for them and not before, as the executor
 * reads its own. It knows how much each of its streams has given that was not acknowledged.
 */
final class EndlessJournal extends JournalGrpc.JournalImplBase {

  private static final int RECORDS = 17;

  // With the envelope an event has at most 64 KiB.
  private static final int RECORD_BYTES = JournalRecord.MAX_EVENT_BYTES - 1_024;

  private final long last;
  private volatile long acknowledged;
  private volatile long mostHeld;

  EndlessJournal(int messages) {
    this.last = (long) messages * RECORDS;
  }

  long last() {
    return last;
  }

  long acknowledged() {
    return acknowledged;
  }

  /** Bytes of records. */
  long mostHeld() {
    return mostHeld;
  }

  @Override
  public void read(ReadRequest request, StreamObserver<ReadResponse> observer) {
    ServerCallStreamObserver<ReadResponse> client =
        (ServerCallStreamObserver<ReadResponse>) observer;
    client.setOnCancelHandler(() -> {});
    client.setOnReadyHandler(new Giving(client, request.getAfter().getSeq() + 1));
  }

  @Override
  public void readUsage(ReadUsageRequest request, StreamObserver<ReadUsageResponse> observer) {
    ((ServerCallStreamObserver<ReadUsageResponse>) observer).setOnCancelHandler(() -> {});
  }

  @Override
  public void acknowledge(
      AcknowledgeRequest request, StreamObserver<AcknowledgeResponse> observer) {
    acknowledged = Math.max(acknowledged, request.getEvents().getSeq());
    observer.onNext(AcknowledgeResponse.getDefaultInstance());
    observer.onCompleted();
  }

  private final class Giving implements Runnable {
    private final ServerCallStreamObserver<ReadResponse> client;
    private long next;

    Giving(ServerCallStreamObserver<ReadResponse> client, long next) {
      this.client = client;
      this.next = next;
    }

    @Override
    public void run() {
      while (client.isReady() && next <= last) {
        ReadResponse.Builder message = ReadResponse.newBuilder();
        for (int i = 0; i < RECORDS && next <= last; i++) {
          message.addRecords(record(next++));
        }
        client.onNext(message.build());
        mostHeld = Math.max(mostHeld, (next - 1 - acknowledged) * RECORD_BYTES);
      }
    }
  }

  private static Record record(long seq) {
    ByteString filling = ByteString.copyFrom(new byte[RECORD_BYTES]);
    ByteString event =
        Event.newBuilder()
            .setNode("n1")
            .setEpoch(1)
            .setSeq(seq)
            .setId(filling)
            .build()
            .toByteString();
    return Record.newBuilder()
        .setPosition(new Place(1, seq).message())
        .setEvent(event)
        .setChain(HashChain.GENESIS)
        .build();
  }
}
