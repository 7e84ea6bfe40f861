package dev.caisson.executor.log;

import com.google.protobuf.ByteString;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.stdio.OutputPump;
import dev.caisson.executor.stdio.OutputSink;
import dev.caisson.executor.stdio.OutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Writes what a container puts out to its files, a buffer at a time, on the writers' threads. A
 * disk that takes nothing stops no container: what it does not take is dropped, and a line says so
 * when it takes something again.
 *
 * <p>Thread-safe.
 */
public final class ContainerLog implements OutputSink {
  private static final System.Logger LOG = System.getLogger(ContainerLog.class.getName());

  /** Of what is written at once, in bytes; a line more may be. */
  private static final int BATCH = 32 * 1024 - LogFormat.MAX_LINE;

  private static final int MAX_READERS = 1024;
  private static final String LOST = "lost";
  private static final String RESTART = "restart";

  /**
   * What there is to be read.
   *
   * @param first number of a file
   * @param last the highest one
   * @param length of the last one, in bytes
   * @param ended nothing more comes
   * @param removed nothing is there any more
   */
  record Extent(long first, long last, long length, boolean ended, boolean removed) {}

  private final LogFiles files;
  private final LogThreads threads;
  private final Clock clock;
  private final Set<Runnable> readers = ConcurrentHashMap.newKeySet();
  private final AtomicInteger readerCount = new AtomicInteger();
  private volatile Optional<OutputPump> pump = Optional.empty();
  private volatile boolean busy;
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicInteger pending = new AtomicInteger();
  private volatile Extent extent = new Extent(1, 1, 0, false, false);

  private final Map<OutputStream, Lines> lines = new EnumMap<>(OutputStream.class);
  private final ByteArrayOutputStream batch = new ByteArrayOutputStream();

  /** Of what is in the batch, the process's own bytes. */
  private long batchPayload;

  private long lost;
  private String why = "";

  /** In the directory, which is made when there is something to write. */
  public ContainerLog(Path directory, LogSettings settings, LogThreads threads, Clock clock) {
    this.files = new LogFiles(directory, settings);
    this.threads = threads;
    this.clock = clock;
    for (OutputStream stream : OutputStream.values()) {
      lines.put(stream, new Lines());
    }
  }

  public Path directory() {
    return files.directory();
  }

  Path file(long number) {
    return files.path(number);
  }

  Extent extent() {
    return extent;
  }

  /** Not while files are being removed of which that is not told yet. Waits for the disk. */
  synchronized Extent settled() {
    return extent;
  }

  /**
   * Goes on where an earlier life of the executor was.
   *
   * @param ran whether the container put something out meanwhile
   */
  public synchronized void resume(boolean ran) {
    try {
      files.resume();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "Failed to take up the logs in " + directory(), e);
    }
    if (ran) {
      add(
          LogEntry.notice(
              clock.instant(),
              RESTART,
              "The executor has started again: up to 64 KiB of output may be missing before this."));
      flush();
    }
    publish(false, false);
  }

  /** Takes the output over, until the process has ended. */
  public void attachTo(OutputPump pump) {
    this.pump = Optional.of(pump);
    pump.attach(this);
  }

  /** The process has ended: what is still in its pipes is the last. */
  public void processEnded() {
    pump.ifPresentOrElse(from -> from.finish(this, () -> later(this::end)), () -> later(this::end));
  }

  /** The executor ends: what is not written yet stays in the pipes for its next life. */
  public void release() {
    pump.ifPresent(from -> from.detach(this, () -> later(this::letGo)));
  }

  @Override
  public boolean isReady() {
    return !busy;
  }

  @Override
  public boolean isWaitedFor() {
    return true;
  }

  @Override
  public void output(OutputStream stream, ByteString data) {
    busy = true;
    later(() -> write(stream, data));
  }

  /** On a writer's thread, one after another. */
  private void later(Runnable task) {
    tasks.add(task);
    if (pending.getAndIncrement() == 0) {
      threads.writers().execute(this::runTasks);
    }
  }

  private void runTasks() {
    do {
      tasks.remove().run();
    } while (pending.decrementAndGet() != 0);
  }

  @Override
  public void leftBehind(Duration patience) {
    throw new IllegalStateException("a log is waited for without end");
  }

  private void write(OutputStream stream, ByteString data) {
    try {
      writeLines(stream, data);
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "Failed to write to the logs in " + directory(), e);
    } finally {
      busy = false;
      pump.ifPresent(OutputPump::resume);
    }
  }

  private synchronized void writeLines(OutputStream stream, ByteString data) {
    if (extent.removed()) {
      return;
    }
    Instant now = clock.instant();
    of(stream).add(data, (piece, partial) -> add(now, stream, piece, partial));
    flush();
    publish(extent.ended(), false);
  }

  private Lines of(OutputStream stream) {
    return java.util.Objects.requireNonNull(lines.get(stream));
  }

  private void add(Instant time, OutputStream stream, ByteString piece, boolean partial) {
    add(new LogEntry(time, stream, partial, "", piece));
  }

  private void add(LogEntry entry) {
    LogFormat.write(entry, batch);
    batchPayload += entry.payloadBytes();
    if (batch.size() >= BATCH) {
      flush();
    }
  }

  private void flush() {
    if (batch.size() == 0 && lost == 0) {
      return;
    }
    try {
      files.append(withLossNotice(batch.toByteArray()));
      lost = 0;
    } catch (IOException e) {
      lost += batchPayload;
      why = reason(e);
    }
    batch.reset();
    batchPayload = 0;
  }

  private byte[] withLossNotice(byte[] lines) {
    if (lost == 0) {
      return lines;
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    LogFormat.write(lossNotice(), all);
    all.writeBytes(lines);
    return all.toByteArray();
  }

  private LogEntry lossNotice() {
    return LogEntry.notice(
        clock.instant(), LOST, lost + " bytes of output are missing before this: " + why);
  }

  /** Without the path. */
  private static String reason(IOException e) {
    String text = e instanceof FileSystemException failed ? failed.getReason() : e.getMessage();
    return text == null ? e.getClass().getSimpleName() : text;
  }

  private void publish(boolean ended, boolean removed) {
    extent = new Extent(files.first(), files.last(), files.length(), ended, removed);
    readers.forEach(Runnable::run);
  }

  private synchronized void end() {
    if (!extent.removed()) {
      writeRest();
      publish(true, false);
    }
  }

  private synchronized void letGo() {
    if (!extent.removed() && !extent.ended()) {
      writeRest();
    }
  }

  private void writeRest() {
    Instant now = clock.instant();
    lines.forEach((stream, some) -> some.end((piece, partial) -> add(now, stream, piece, partial)));
    flush();
    try {
      files.close();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "Failed to close a log in " + directory(), e);
    }
  }

  /** Removes the files; who reads them is told. Waits for what is being written. */
  public synchronized void remove() {
    try {
      files.remove();
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to remove the logs in " + directory(), e);
    }
    publish(true, true);
  }

  /**
   * Runs the task, on any thread, whenever there is something new.
   *
   * <p>It must not block.
   */
  void listen(Runnable reader) {
    if (readerCount.getAndUpdate(now -> Math.min(now + 1, MAX_READERS)) == MAX_READERS) {
      throw Refusal.limit(
              "log-readers",
              "At most " + MAX_READERS + " callers may read the logs of a container at once.")
          .exception();
    }
    readers.add(reader);
  }

  void leave(Runnable reader) {
    if (readers.remove(reader)) {
      readerCount.decrementAndGet();
    }
  }
}
