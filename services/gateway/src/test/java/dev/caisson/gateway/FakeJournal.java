package dev.caisson.gateway;

import com.google.protobuf.ByteString;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.journal.v1.GetEndRequest;
import dev.caisson.proto.journal.v1.GetEndResponse;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.Position;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.journal.v1.RecordDenialResponse;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A journal of one epoch in memory, which serves as many streams as the executor does, and each as
 * fast as it is read.
 */
public final class FakeJournal extends JournalGrpc.JournalImplBase {
  public static final long EPOCH = 3;
  public static final int MAX_STREAMS = 64;
  private static final int MAX_RECORDS = 256;
  private static final String DOMAIN = "journal.caisson.dev";

  final AtomicInteger recordsRead = new AtomicInteger();
  final BlockingQueue<RecordDenialRequest> denials = new LinkedBlockingQueue<>();
  volatile boolean failing;
  private final List<Record> records = new ArrayList<>();
  private final Set<Stream> streams = new LinkedHashSet<>();
  private long oldest = 1;
  private int mostStreams;
  private int opened;
  private int refused;
  private int room = MAX_STREAMS;
  private boolean closed;
  private boolean diskFailed;

  public synchronized void append(String tenant, String sandbox, String container) {
    Subject subject =
        Subject.newBuilder()
            .setTenant(tenant)
            .setSandboxId(sandbox)
            .setContainerId(container)
            .build();
    append(Event.newBuilder().setSubject(subject).build());
  }

  public synchronized void append(Event event) {
    long seq = records.size() + 1L;
    store(seq, event.toBuilder().setEpoch(EPOCH).setSeq(seq).build().toByteString());
  }

  /** One whose bytes are none of an event. */
  public synchronized void appendCorrupt() {
    store(records.size() + 1L, ByteString.copyFromUtf8("\377"));
  }

  private void store(long seq, ByteString event) {
    records.add(Record.newBuilder().setPosition(position(seq)).setEvent(event).build());
    List.copyOf(streams).forEach(Stream::pump);
  }

  private static Position position(long seq) {
    return Position.newBuilder().setEpoch(EPOCH).setSeq(seq).build();
  }

  /** What is older than this is not kept. */
  public synchronized void dropBefore(long seq) {
    oldest = seq;
  }

  public synchronized void forgetEverything() {
    records.clear();
  }

  /** Ends every stream, and refuses others, until {@link #reopen}. */
  public synchronized void shut() {
    closed = true;
    List.copyOf(streams).forEach(one -> one.fail(unavailable()));
  }

  public synchronized void reopen() {
    closed = false;
  }

  /** As when its disk has failed: what is durable can be read, and nothing will come. */
  public synchronized void failDisk() {
    diskFailed = true;
    cutFollowers();
  }

  /** Ends the streams that follow, and no others. */
  public synchronized void cutFollowers() {
    List.copyOf(streams).stream().filter(one -> one.follow).forEach(one -> one.fail(unavailable()));
  }

  /** How many streams are served to others than those who are there. */
  public synchronized void makeRoom(int streamsAtOnce) {
    room = streamsAtOnce;
  }

  public synchronized int followers() {
    return (int) streams.stream().filter(one -> one.follow).count();
  }

  public synchronized int streams() {
    return streams.size();
  }

  /** At the same time, so far. */
  public synchronized int mostStreams() {
    return mostStreams;
  }

  /** So far. */
  public synchronized int opened() {
    return opened;
  }

  /** For want of room, so far. */
  public synchronized int refused() {
    return refused;
  }

  @Override
  public synchronized void read(ReadRequest request, StreamObserver<ReadResponse> responses) {
    if (closed) {
      throw unavailable();
    }
    if (streams.size() >= room) {
      refused++;
      throw error(Status.Code.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS", Map.of());
    }
    requireKnown(request.getAfter());
    if (diskFailed && request.getFollow()) {
      throw unavailable();
    }
    Stream stream = new Stream(request, (ServerCallStreamObserver<ReadResponse>) responses);
    streams.add(stream);
    opened++;
    mostStreams = Math.max(mostStreams, streams.size());
    stream.pump();
  }

  /** As the executor: one can begin behind the last record that is gone. */
  private void requireKnown(Position after) {
    if (after.getEpoch() < EPOCH ? oldest > 1 : after.getSeq() + 1 < oldest) {
      Position first = position(oldest - 1);
      throw error(
          Status.Code.NOT_FOUND,
          "POSITION_NOT_RETAINED",
          Map.of("epoch", Long.toString(first.getEpoch()), "seq", Long.toString(first.getSeq())));
    }
    if (after.getEpoch() > EPOCH || after.getSeq() > records.size()) {
      throw error(Status.Code.OUT_OF_RANGE, "POSITION_AHEAD", Map.of());
    }
  }

  private static StatusRuntimeException unavailable() {
    return error(Status.Code.UNAVAILABLE, "JOURNAL_CLOSED", Map.of());
  }

  private static StatusRuntimeException error(
      Status.Code code, String reason, Map<String, String> metadata) {
    return RpcErrors.of(code, DOMAIN, reason, "x", metadata);
  }

  @Override
  public synchronized void getEnd(GetEndRequest request, StreamObserver<GetEndResponse> response) {
    if (closed || diskFailed) {
      throw unavailable();
    }
    Position end = records.isEmpty() ? Position.getDefaultInstance() : position(records.size());
    response.onNext(GetEndResponse.newBuilder().setEnd(end).build());
    response.onCompleted();
  }

  /** One call that reads; the journal's lock guards it. */
  private final class Stream {
    private final ServerCallStreamObserver<ReadResponse> client;
    private final boolean follow;
    private final int maxRecords;
    private final int end = records.size();
    private int next;

    Stream(ReadRequest request, ServerCallStreamObserver<ReadResponse> client) {
      this.client = client;
      this.follow = request.getFollow();
      this.maxRecords = request.getMaxRecords() == 0 ? MAX_RECORDS : request.getMaxRecords();
      this.next = (int) Math.max(request.getAfter().getSeq(), oldest - 1);
      client.setOnReadyHandler(this::pump);
      client.setOnCancelHandler(this::forget);
    }

    void pump() {
      synchronized (FakeJournal.this) {
        int until = follow ? records.size() : end;
        while (streams.contains(this) && client.isReady() && next < until) {
          send(records.subList(next, Math.min(until, next + maxRecords)));
        }
        if (!follow && next >= end && streams.remove(this)) {
          client.onCompleted();
        }
      }
    }

    private void send(List<Record> some) {
      recordsRead.addAndGet(some.size());
      next += some.size();
      client.onNext(ReadResponse.newBuilder().addAllRecords(some).build());
    }

    private void forget() {
      synchronized (FakeJournal.this) {
        streams.remove(this);
      }
    }

    void fail(StatusRuntimeException error) {
      if (streams.remove(this)) {
        client.onError(error);
      }
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
}
