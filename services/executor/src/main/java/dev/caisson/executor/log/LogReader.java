package dev.caisson.executor.log;

import com.google.protobuf.ByteString;
import dev.caisson.executor.log.ContainerLog.Extent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One who reads a container's log, as fast as he takes it. Between what there is to read he holds
 * neither a thread nor a file.
 *
 * <p>Thread-safe; the client is called by one thread at a time.
 */
public final class LogReader implements AutoCloseable {

  /** Who gets what is read. */
  public interface Client {
    /** Whether it takes more now; when it does so again it says that to {@link #wake}. */
    boolean isReady();

    void entry(LogEntry entry);

    /** All that was asked for has been read. */
    void completed();

    /** The log has been removed before all of it was read. */
    void removed();

    void failed(RuntimeException problem);
  }

  /**
   * What is to be read.
   *
   * @param follow whether to go on until the container has ended
   * @param tail of the lines that there are at the beginning only so many of the last
   * @param since nothing earlier
   */
  public record Selection(boolean follow, OptionalLong tail, Instant since) {}

  /** Room for what is read at once: whole lines of it are. */
  private static final int BUFFER = 64 * 1024;

  /** Buffers before others have their turn. */
  private static final int TURN = 16;

  private final ContainerLog log;
  private final Selection selection;
  private final Client client;
  private final Executor threads;
  private final Clock clock;
  private final AtomicInteger wakes = new AtomicInteger();
  private final Runnable listener = this::wake;
  private final Extent atBegin;
  private volatile boolean done;

  private boolean begun;

  /** Until it is known where to begin. */
  private @Nullable Tail tail;

  private long file;
  private long position;

  /** Nothing is read before {@link #wake}. */
  public LogReader(
      ContainerLog log, Selection selection, Client client, LogThreads threads, Clock clock) {
    this.log = log;
    this.selection = selection;
    this.client = client;
    this.threads = threads.readers();
    this.clock = clock;
    this.atBegin = log.extent();
    log.listen(listener);
  }

  /** There may be something to do. */
  public void wake() {
    if (!done && wakes.getAndIncrement() == 0) {
      execute();
    }
  }

  private void execute() {
    try {
      threads.execute(this::run);
    } catch (RejectedExecutionException e) {
      close(); // the executor ends, and this call with it
    }
  }

  /** The client has gone. */
  @Override
  public void close() {
    done = true;
    log.leave(listener);
  }

  /** A turn; others have theirs before the next. */
  private void run() {
    int seen = wakes.get();
    if (readSome() || wakes.addAndGet(-seen) != 0) {
      execute();
    }
  }

  private boolean readSome() {
    try {
      return readOn();
    } catch (IOException e) {
      finish(() -> client.failed(new UncheckedIOException("Failed to read a log", e)));
    } catch (RuntimeException e) {
      finish(() -> client.failed(e));
    }
    return false;
  }

  private void finish(Runnable last) {
    if (!done) {
      close();
      last.run();
    }
  }

  /** Says whether there may be more to be read now. */
  private boolean readOn() throws IOException {
    for (int i = 0; i < TURN; i++) {
      if (done || !client.isReady()) {
        return false;
      }
      Extent extent = selection.follow() ? log.extent() : bounded();
      if (extent.removed()) {
        finish(client::removed);
        return false;
      }
      if (!begun) {
        begin(extent);
      }
      if (!step(extent)) {
        return false;
      }
    }
    return true;
  }

  /** As it was when it began, however much comes. */
  private Extent bounded() {
    Extent now = log.extent();
    return new Extent(now.first(), atBegin.last(), atBegin.length(), true, now.removed());
  }

  /** Says whether there may be more. */
  private boolean step(Extent extent) throws IOException {
    if (tail != null) {
      seek(tail);
      return true;
    }
    if (file < extent.first()) {
      skipTo(extent.first());
      return true;
    }
    if (file > extent.last()) { // all of it has been rotated away meanwhile
      finish(client::completed);
      return false;
    }
    boolean isLast = file == extent.last();
    try (FileChannel open = FileChannel.open(log.file(file), StandardOpenOption.READ)) {
      long limit = isLast ? extent.length() : open.size();
      if (position < limit) {
        readLines(open, limit);
        return true;
      }
    } catch (NoSuchFileException e) {
      Extent now = log.settled();
      if (now.removed() || now.first() > file) {
        return true; // which is seen in the next step
      }
    }
    return isLast ? atEnd(extent) : next();
  }

  private boolean next() {
    file++;
    position = 0;
    return true;
  }

  private boolean atEnd(Extent extent) {
    if (extent.ended()) {
      finish(client::completed);
    }
    return false;
  }

  private void skipTo(long first) {
    client.entry(
        LogEntry.notice(
            clock.instant(),
            "rotated",
            "Output is missing before this: it was deleted by rotation before it was read."));
    file = first;
    position = 0;
  }

  private void readLines(FileChannel open, long limit) throws IOException {
    position =
        lines(
            open,
            position,
            limit,
            line -> {
              if (done || !client.isReady()) {
                return false;
              }
              pass(line);
              return true;
            });
  }

  private void pass(ByteString line) {
    LogEntry entry =
        LogFormat.parse(line)
            .orElseGet(
                () -> LogEntry.notice(clock.instant(), "unreadable", "A line could not be read."));
    if (!entry.time().isBefore(selection.since())) {
      client.entry(entry);
    }
  }

  /** Takes a line; says whether it did so, and not left it for later. */
  interface Visitor {
    boolean take(ByteString line);
  }

  /**
   * One buffer's worth of lines.
   *
   * @return where to go on
   */
  static long lines(FileChannel open, long from, long limit, Visitor visitor) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(BUFFER, limit - from));
    while (buffer.hasRemaining() && open.read(buffer, from + buffer.position()) >= 0) {
      // until it is full
    }
    ByteString all = ByteString.copyFrom(buffer.flip());
    int taken = 0;
    for (int i = 0; i < all.size(); i++) {
      if (all.byteAt(i) == '\n') {
        if (!visitor.take(all.substring(taken, i))) {
          return from + taken;
        }
        taken = i + 1;
      }
    }
    return taken == 0 ? limit : from + taken; // what has no line in so much is none of ours
  }

  private void begin(Extent extent) {
    begun = true;
    file = extent.first();
    if (selection.tail().isPresent()) {
      tail = new Tail(log, extent, selection.tail().getAsLong());
    }
  }

  private void seek(Tail sought) throws IOException {
    if (!sought.goOn()) {
      file = sought.file();
      position = sought.position();
      tail = null;
    }
  }
}
