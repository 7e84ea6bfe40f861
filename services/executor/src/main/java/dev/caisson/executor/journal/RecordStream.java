package dev.caisson.executor.journal;

import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * One call that reads: a thread that waits for records, and for a client that is ready to take
 * them. What the client does not take stays on disk.
 */
final class RecordStream<T> {
  static final int BATCH_RECORDS = 256;

  /** 1 MiB with the record that goes beyond it, and the fields' own bytes. */
  static final int BATCH_BYTES = (1 << 20) - Frame.MAX_RECORD_BYTES - (16 << 10);

  private static final System.Logger LOG = System.getLogger(RecordStream.class.getName());

  private final JournalReader reader;
  private final boolean follow;
  private final int maxRecords;
  private final Function<List<LogRecord>, T> message;
  private final ServerCallStreamObserver<T> client;
  private final Consumer<RecordStream<T>> ended;
  private final Semaphore mayBeReady = new Semaphore(1);
  private final Thread thread;

  RecordStream(
      String name,
      JournalReader reader,
      boolean follow,
      int maxRecords,
      Function<List<LogRecord>, T> message,
      ServerCallStreamObserver<T> client,
      Consumer<RecordStream<T>> ended) {
    this.reader = reader;
    this.follow = follow;
    this.maxRecords = maxRecords;
    this.message = message;
    this.client = client;
    this.ended = ended;
    this.thread = Thread.ofPlatform().name(name).daemon().unstarted(this::run);
  }

  /** To be called in the call's own method: handlers can be set there only. */
  void start() {
    client.setOnReadyHandler(mayBeReady::release);
    client.setOnCancelHandler(thread::interrupt);
    thread.start();
  }

  /** Ends the thread; the client's call ends with it. */
  void interrupt() {
    thread.interrupt();
  }

  private void run() {
    try (reader) {
      copy();
      client.onCompleted();
    } catch (InterruptedException _) {
      client.onError(JournalStatus.of(new JournalException("The stream was ended")));
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "A stream of records ended: {0}", e.getMessage());
      client.onError(JournalStatus.of(e));
    } finally {
      ended.accept(this);
    }
  }

  private void copy() throws InterruptedException {
    if (!follow) {
      reader.awaitWritten(); // its caller may ask for what it has just been told of
    }
    for (List<LogRecord> batch = batch(); !batch.isEmpty(); batch = batch()) {
      client.onNext(message.apply(batch));
    }
  }

  private List<LogRecord> batch() throws InterruptedException {
    while (!client.isReady()) {
      mayBeReady.acquire();
    }
    return follow ? reader.take(maxRecords, BATCH_BYTES) : reader.poll(maxRecords, BATCH_BYTES);
  }
}
