package dev.caisson.executor.log;

import com.google.protobuf.ByteString;
import dev.caisson.executor.stdio.OutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Everything that one who reads a log gets. */
final class ReadEntries implements LogReader.Client {
  static final LogReader.Selection ALL =
      new LogReader.Selection(true, OptionalLong.empty(), Instant.EPOCH);

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final long POLLED = Duration.ofMillis(1).toNanos() / 10;

  final List<LogEntry> entries = new CopyOnWriteArrayList<>();
  final CompletableFuture<String> end = new CompletableFuture<>();
  private final LogReader reader;
  private final Runnable whenCompleted;
  private volatile int room = Integer.MAX_VALUE;

  ReadEntries(ContainerLog log, LogReader.Selection selection, LogThreads threads, int room) {
    this(log, selection, threads, room, () -> {});
  }

  /**
   * @param whenCompleted called by the reader's thread
   */
  ReadEntries(
      ContainerLog log,
      LogReader.Selection selection,
      LogThreads threads,
      int room,
      Runnable whenCompleted) {
    this.room = room;
    this.whenCompleted = whenCompleted;
    this.reader = new LogReader(log, selection, this, threads, Clock.systemUTC());
    reader.wake();
  }

  static ReadEntries of(ContainerLog log, LogReader.Selection selection, LogThreads threads) {
    return new ReadEntries(log, selection, threads, Integer.MAX_VALUE);
  }

  void take(int more) {
    room = more;
    reader.wake();
  }

  void awaitEntries(int count) {
    awaitThat(() -> entries.size() >= count);
  }

  /** Or that the time is up. */
  static void awaitThat(BooleanSupplier holds) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!holds.getAsBoolean() && System.nanoTime() < deadline) {
      LockSupport.parkNanos(POLLED);
    }
  }

  void leave() {
    reader.close();
  }

  String end() throws Exception {
    return end.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  /** The bytes of one stream, as the process put them out. */
  ByteString bytes(OutputStream stream) {
    ByteString all = ByteString.EMPTY;
    for (LogEntry entry : entries) {
      if (entry.stream() == stream && !entry.isNotice()) {
        all = all.concat(entry.data());
        all = entry.partial() ? all : all.concat(ByteString.copyFromUtf8("\n"));
      }
    }
    return all;
  }

  List<String> texts() {
    return entries.stream().map(entry -> entry.data().toStringUtf8()).toList();
  }

  @Override
  public boolean isReady() {
    return entries.size() < room;
  }

  @Override
  public void entry(LogEntry entry) {
    entries.add(entry);
  }

  @Override
  public void completed() {
    whenCompleted.run();
    end.complete("completed");
  }

  @Override
  public void removed() {
    end.complete("removed");
  }

  @Override
  public void failed(RuntimeException problem) {
    end.completeExceptionally(problem);
  }
}
