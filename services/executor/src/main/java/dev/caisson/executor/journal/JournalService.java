package dev.caisson.executor.journal;

import dev.caisson.proto.journal.v1.AcknowledgeRequest;
import dev.caisson.proto.journal.v1.AcknowledgeResponse;
import dev.caisson.proto.journal.v1.GetBacklogRequest;
import dev.caisson.proto.journal.v1.GetBacklogResponse;
import dev.caisson.proto.journal.v1.GetEndRequest;
import dev.caisson.proto.journal.v1.GetEndResponse;
import dev.caisson.proto.journal.v1.JournalGrpc;
import dev.caisson.proto.journal.v1.ReadRequest;
import dev.caisson.proto.journal.v1.ReadResponse;
import dev.caisson.proto.journal.v1.ReadUsageRequest;
import dev.caisson.proto.journal.v1.ReadUsageResponse;
import dev.caisson.proto.journal.v1.Record;
import dev.caisson.proto.journal.v1.RecordDenialRequest;
import dev.caisson.proto.journal.v1.RecordDenialResponse;
import dev.caisson.proto.journal.v1.UsageRecord;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.rpc.Peer;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * Serves journal and usage log to the relay, and takes what the gateway has refused. Closing it
 * ends all streams; the logs are their owner's to close.
 */
public final class JournalService extends JournalGrpc.JournalImplBase implements AutoCloseable {
  /** Each has a thread and an open file. */
  public static final int MAX_STREAMS = 64;

  private static final int MAX_LABEL_BYTES = 256;

  /** Source: https://www.w3.org/TR/trace-context/, 3.3.1.5. */
  private static final int MAX_TRACE_STATE_BYTES = 512;

  private final Journal journal;
  private final UsageLog usage;
  private final Denials denials;
  private final Set<RecordStream<?>> streams = ConcurrentHashMap.newKeySet();
  private final Set<Thread> ends = ConcurrentHashMap.newKeySet();
  private final AtomicInteger open = new AtomicInteger();

  /**
   * Serves them.
   *
   * @param denials where those of the gateway go
   */
  public JournalService(Journal journal, UsageLog usage, Denials denials) {
    this.journal = journal;
    this.usage = usage;
    this.denials = denials;
  }

  @Override
  public void read(ReadRequest request, StreamObserver<ReadResponse> client) {
    stream(
        client,
        request.getFollow(),
        maxRecords(request.getMaxRecords()),
        () -> journal.read(position(request.getAfter())),
        JournalService::events);
  }

  @Override
  public void readUsage(ReadUsageRequest request, StreamObserver<ReadUsageResponse> client) {
    stream(
        client,
        request.getFollow(),
        RecordStream.BATCH_RECORDS,
        () -> usage.read(position(request.getAfter())),
        JournalService::samples);
  }

  /** Above 2^31-1 it reads as negative. */
  private static int maxRecords(int asked) {
    return asked > 0 && asked < RecordStream.BATCH_RECORDS ? asked : RecordStream.BATCH_RECORDS;
  }

  @Override
  public void getEnd(GetEndRequest request, StreamObserver<GetEndResponse> client) {
    if (!admits(client)) {
      return;
    }
    Thread thread =
        Thread.ofPlatform().name("journal-end").daemon().unstarted(() -> tellEnd(client));
    ends.add(thread);
    ((ServerCallStreamObserver<GetEndResponse>) client).setOnCancelHandler(thread::interrupt);
    thread.start();
  }

  private void tellEnd(StreamObserver<GetEndResponse> client) {
    try {
      Position end = journal.awaitEnd();
      client.onNext(GetEndResponse.newBuilder().setEnd(position(end)).build());
      client.onCompleted();
    } catch (InterruptedException _) {
      client.onError(JournalStatus.of(new JournalException("Nobody waits for the end any more")));
    } catch (RuntimeException e) {
      client.onError(JournalStatus.of(e));
    } finally {
      ends.remove(Thread.currentThread());
      open.decrementAndGet();
    }
  }

  private interface Opening {
    JournalReader open();
  }

  private <T> void stream(
      StreamObserver<T> client,
      boolean follow,
      int maxRecords,
      Opening opening,
      Function<List<LogRecord>, T> message) {
    if (!admits(client)) {
      return;
    }
    try {
      start((ServerCallStreamObserver<T>) client, follow, maxRecords, opening.open(), message);
    } catch (RuntimeException e) {
      open.decrementAndGet();
      client.onError(JournalStatus.of(e));
    }
  }

  private boolean admits(StreamObserver<?> client) {
    if (open.incrementAndGet() > MAX_STREAMS) {
      open.decrementAndGet();
      client.onError(JournalStatus.tooMany(MAX_STREAMS));
      return false;
    }
    return true;
  }

  private <T> void start(
      ServerCallStreamObserver<T> client,
      boolean follow,
      int maxRecords,
      JournalReader reader,
      Function<List<LogRecord>, T> message) {
    RecordStream<T> stream =
        new RecordStream<>(
            "journal-read", reader, follow, maxRecords, message, client, this::ended);
    streams.add(stream);
    stream.start();
  }

  private void ended(RecordStream<?> stream) {
    streams.remove(stream);
    open.decrementAndGet();
  }

  private static ReadResponse events(List<LogRecord> records) {
    ReadResponse.Builder response = ReadResponse.newBuilder();
    for (LogRecord record : records) {
      response.addRecords(
          Record.newBuilder()
              .setPosition(position(record.position()))
              .setEvent(record.bytes())
              .setChain(record.chain()));
    }
    return response.build();
  }

  private static ReadUsageResponse samples(List<LogRecord> records) {
    ReadUsageResponse.Builder response = ReadUsageResponse.newBuilder();
    for (LogRecord record : records) {
      response.addRecords(
          UsageRecord.newBuilder()
              .setPosition(position(record.position()))
              .setSample(record.bytes()));
    }
    return response.build();
  }

  @Override
  public void getBacklog(GetBacklogRequest request, StreamObserver<GetBacklogResponse> client) {
    Backlog events = journal.backlog(position(request.getEvents()));
    Backlog samples = usage.backlog(position(request.getUsage()));
    client.onNext(
        GetBacklogResponse.newBuilder()
            .setEvents(BacklogMessages.ofEvents(events))
            .setUsage(BacklogMessages.ofSamples(samples))
            .build());
    client.onCompleted();
  }

  @Override
  public void acknowledge(AcknowledgeRequest request, StreamObserver<AcknowledgeResponse> client) {
    try {
      if (request.hasEvents()) {
        journal.acknowledge(position(request.getEvents()));
      }
      if (request.hasUsage()) {
        usage.acknowledge(position(request.getUsage()));
      }
    } catch (RuntimeException e) {
      client.onError(JournalStatus.of(e));
      return;
    }
    client.onNext(AcknowledgeResponse.getDefaultInstance());
    client.onCompleted();
  }

  @Override
  public void recordDenial(
      RecordDenialRequest request, StreamObserver<RecordDenialResponse> client) {
    boolean recorded;
    try {
      recorded =
          denials.record(
              request.getOperation(),
              request.getReason(),
              request.getMessage(),
              seen(request.getActor()),
              clamped(request.getSuppressed()));
    } catch (RuntimeException e) {
      client.onError(JournalStatus.of(e));
      return;
    }
    client.onNext(RecordDenialResponse.newBuilder().setRecorded(recorded).build());
    client.onCompleted();
  }

  /** What the gateway asserts, within bounds, and what was seen of itself here. */
  private static Actor seen(Actor asserted) {
    return Actor.newBuilder()
        .setPrincipal(label(asserted.getPrincipal()))
        .setMethod(label(asserted.getMethod()))
        .setRequestId(label(asserted.getRequestId()))
        .setTraceparent(label(asserted.getTraceparent()))
        .setTracestate(BoundedText.of(asserted.getTracestate(), MAX_TRACE_STATE_BYTES))
        .setPeer(Peer.current().map(Peer::user).orElse(""))
        .build();
  }

  private static String label(String text) {
    return BoundedText.of(text, MAX_LABEL_BYTES);
  }

  /** A number above 2^63-1 is beyond every end. */
  private static Position position(dev.caisson.proto.journal.v1.Position position) {
    return new Position(clamped(position.getEpoch()), clamped(position.getSeq()));
  }

  private static long clamped(long unsigned) {
    return unsigned < 0 ? Long.MAX_VALUE : unsigned;
  }

  private static dev.caisson.proto.journal.v1.Position position(Position position) {
    return dev.caisson.proto.journal.v1.Position.newBuilder()
        .setEpoch(position.epoch())
        .setSeq(position.seq())
        .build();
  }

  @Override
  public void close() {
    streams.forEach(RecordStream::interrupt);
    ends.forEach(Thread::interrupt);
  }

  /** Whether somebody reads. */
  boolean isRead() {
    return !streams.isEmpty();
  }
}
