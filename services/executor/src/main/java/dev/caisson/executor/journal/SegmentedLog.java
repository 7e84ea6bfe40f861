package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Records in segments, appended by any number of threads, read by any number of readers, made
 * durable by one thread.
 *
 * <p>A write that fails, as on a full disk, is taken back: what is there is known then, and the
 * next may succeed. An I/O error when syncing is the end: what the kernel then has and the disk has
 * not cannot be known, and a second fsync would say that all is well. Everything after is refused.
 *
 * <p>Lock order: the lock, then a segment writer's monitor; the sync thread never holds both.
 */
final class SegmentedLog implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(SegmentedLog.class.getName());

  private final LogSettings settings;
  private final LogState state;
  private final Clock clock;
  private final LogEnd previousEnd;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition durableOrDone = lock.newCondition();
  private final List<Segment> segments;
  private SegmentWriter active;
  private Position end;
  private Position durable;
  private ByteString chain;
  private long sealedBytes;
  private boolean closed;
  private @Nullable JournalException failure;
  private final SyncThread syncThread;

  private SegmentedLog(
      LogSettings settings,
      LogState state,
      Clock clock,
      LogEnd previousEnd,
      List<Segment> segments,
      SegmentWriter first) {
    this.settings = settings;
    this.state = state;
    this.clock = clock;
    this.previousEnd = previousEnd;
    this.segments = segments;
    this.active = first;
    this.chain = previousEnd.chain();
    this.end = previousEnd.last();
    this.durable = previousEnd.last();
    this.sealedBytes = segments.stream().mapToLong(Segment::durableBytes).sum();
    segments.add(first.segment());
    this.syncThread = new SyncThread(this, settings.syncInterval());
  }

  /** Which epoch comes after what is there. */
  interface EpochChoice {
    long after(LogEnd end);
  }

  /** Reads what is there and begins a new epoch. */
  static SegmentedLog open(LogSettings settings, LogState state, Clock clock, EpochChoice choice) {
    LogRecovery recovery = new LogRecovery(settings, state);
    try {
      LogEnd end = recovery.run();
      long epoch = choice.after(end);
      if (epoch <= end.lastEpoch()) {
        throw new JournalException(
            settings.directory()
                + " is already in epoch "
                + end.lastEpoch()
                + ", where "
                + epoch
                + " was to begin: was another directory of this node removed?");
      }
      SegmentHeader header =
          header(settings, state, clock, new Position(epoch, 1), end.last(), end.chain());
      SegmentWriter first = SegmentWriter.create(settings.directory(), header, settings.disk());
      Files.deleteIfExists(settings.directory().resolve(LogRecovery.CLEAN_MARK));
      SegmentedLog log = new SegmentedLog(settings, state, clock, end, recovery.segments(), first);
      log.syncThread.start();
      return log;
    } catch (IOException e) {
      throw new JournalException("open", settings.directory(), e);
    }
  }

  private static SegmentHeader header(
      LogSettings settings,
      LogState state,
      Clock clock,
      Position first,
      Position previous,
      ByteString chain) {
    return new SegmentHeader(
        first, previous, clock.instant(), settings.bootId(), chain, state.snapshot());
  }

  LogEnd previousEnd() {
    return previousEnd;
  }

  long epoch() {
    return segments().getLast().header().first().epoch();
  }

  /** The position that the next record gets. */
  Position next() {
    lock.lock();
    try {
      return nextLocked();
    } finally {
      lock.unlock();
    }
  }

  private Position nextLocked() {
    return active.isEmpty() ? active.segment().header().first() : end.next();
  }

  /** The last record, durable or not, and its chain value. */
  record Tip(Position last, ByteString chain) {}

  Tip tip() {
    lock.lock();
    try {
      return new Tip(end, chain);
    } finally {
      lock.unlock();
    }
  }

  /** All segments together. */
  long bytes() {
    lock.lock();
    try {
      return sealedBytes + active.bytes();
    } finally {
      lock.unlock();
    }
  }

  /** How much a record of so many bytes would take, with the segment that it may begin. */
  long cost(int recordBytes) {
    lock.lock();
    try {
      long frame = frameBytes(recordBytes);
      return rollsFor(frame) ? frame + nextHeader().encode().length : frame;
    } finally {
      lock.unlock();
    }
  }

  private long frameBytes(int recordBytes) {
    return Frame.HEAD_BYTES + chain.size() + (long) recordBytes;
  }

  private boolean rollsFor(long frame) {
    return !active.isEmpty() && active.bytes() + frame > settings.segmentBytes();
  }

  private SegmentHeader nextHeader() {
    return header(settings, state, clock, nextLocked(), end, chain);
  }

  /** Makes the bytes of a record that knows its position; what it throws changes nothing. */
  interface Encoding {
    ByteString at(Position position);
  }

  /**
   * Hands a record to the kernel: it survives this process. It is durable a little later.
   *
   * @return where it is
   */
  Position append(Encoding encoding) {
    lock.lock();
    try {
      requireUsable();
      Position position = nextLocked();
      ByteString bytes = encoding.at(position);
      if (bytes.isEmpty() || bytes.size() > Frame.MAX_RECORD_BYTES) {
        throw new IllegalArgumentException(
            "record must be 1 to " + Frame.MAX_RECORD_BYTES + " bytes: " + bytes.size());
      }
      write(new LogRecord(position, bytes, Frame.chain(chain, bytes)));
      return position;
    } finally {
      lock.unlock();
    }
  }

  private void write(LogRecord record) {
    try {
      byte[] frame = Frame.encode(record);
      if (rollsFor(frame.length)) {
        roll();
      }
      active.append(frame);
    } catch (IOException e) {
      if (active.isSound()) { // nothing has changed: there may be room later
        throw new JournalException("write", settings.directory(), e);
      }
      throw failed("write", e);
    }
    end = record.position();
    chain = record.chain();
    syncThread.pending();
  }

  private void roll() throws IOException {
    active.sync(); // what the next one follows is durable before that is there
    SegmentWriter next = SegmentWriter.create(settings.directory(), nextHeader(), settings.disk());
    active.close();
    sealedBytes += active.bytes();
    durable = end;
    durableOrDone.signalAll();
    active = next;
    segments.add(active.segment());
  }

  private JournalException failed(String verb, IOException cause) {
    JournalException exception = new JournalException(verb, settings.directory(), cause);
    if (failure == null) {
      failure = exception;
      LOG.log(System.Logger.Level.ERROR, "The log is closed for good: {0}", exception.getMessage());
    }
    durableOrDone.signalAll();
    return exception;
  }

  private void requireUsable() {
    if (failure != null) {
      throw new JournalException("use", settings.directory() + ", which failed before", failure);
    }
    if (closed) {
      throw new JournalException(settings.directory() + " is closed");
    }
  }

  /** Makes everything up to now durable. On the sync thread, or at the end. */
  void sync() {
    SegmentWriter writer;
    long bytes;
    Position upTo;
    lock.lock();
    try {
      writer = active;
      bytes = active.bytes();
      upTo = end;
    } finally {
      lock.unlock();
    }
    try {
      writer.sync();
    } catch (IOException e) {
      fail(e);
      return;
    }
    published(writer.segment(), bytes, upTo);
  }

  private void fail(IOException cause) {
    lock.lock();
    try {
      JournalException _ = failed("sync", cause);
    } finally {
      lock.unlock();
    }
  }

  private void published(Segment segment, long bytes, Position upTo) {
    lock.lock();
    try {
      segment.durableTo(bytes);
      if (failure == null && upTo.compareTo(durable) > 0) {
        durable = upTo;
      }
      durableOrDone.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean hasUnsynced() {
    lock.lock();
    try {
      return failure == null && !durable.equals(end);
    } finally {
      lock.unlock();
    }
  }

  /** Returns when a record is durable; asks for an fsync at once. */
  void awaitDurable(Position position) {
    syncThread.hurry();
    lock.lock();
    try {
      while (durable.compareTo(position) < 0) {
        requireUsable();
        durableOrDone.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns when there is a durable record after a position. */
  void awaitAfter(Position position) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (durable.compareTo(position) <= 0) {
        requireUsable();
        durableOrDone.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all that has been written by now is durable, or never will be. */
  void awaitWritten() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      Position written = end;
      while (durable.compareTo(written) < 0 && failure == null && !closed) {
        durableOrDone.await();
      }
    } finally {
      lock.unlock();
    }
  }

  Position durable() {
    lock.lock();
    try {
      return durable;
    } finally {
      lock.unlock();
    }
  }

  /** Oldest first; there is at least one. */
  List<Segment> segments() {
    lock.lock();
    try {
      return List.copyOf(segments);
    } finally {
      lock.unlock();
    }
  }

  /** Which segments may go. */
  interface Expiry {
    /**
     * Asked of the oldest, as long as it says yes.
     *
     * @param last position of its last record
     * @param sealed when the one after it was begun
     */
    boolean expired(Position last, Instant sealed);
  }

  /** The active segment stays. */
  void delete(Expiry expiry) {
    lock.lock();
    try {
      while (segments.size() > 1 && expired(expiry, segments.get(1).header())) {
        deleteOldest();
      }
    } finally {
      lock.unlock();
    }
  }

  private static boolean expired(Expiry expiry, SegmentHeader following) {
    return expiry.expired(following.previous(), following.created());
  }

  /** Readers that have it open read on. */
  private void deleteOldest() {
    Segment oldest = segments.removeFirst();
    sealedBytes -= oldest.durableBytes();
    Path cut = oldest.file().resolveSibling(oldest.file().getFileName() + LogRecovery.CUT_SUFFIX);
    try {
      Files.deleteIfExists(oldest.file());
      Files.deleteIfExists(cut);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "Failed to delete {0}: {1}", oldest.file(), e);
    }
  }

  /** See {@link JournalReader}. */
  JournalReader read(Position after) {
    return JournalReader.open(this, after);
  }

  /** Cleanly, unless it has failed: the next life can tell. */
  @Override
  public void close() {
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      closeFiles();
      durableOrDone.signalAll();
    } finally {
      lock.unlock();
    }
    syncThread.end();
  }

  private void closeFiles() {
    if (failure != null) {
      active.abandon();
      return;
    }
    try {
      active.close();
      durable = end;
      mark();
    } catch (IOException e) {
      active.abandon();
      throw failed("close", e);
    }
  }

  private void mark() throws IOException {
    Files.writeString(settings.directory().resolve(LogRecovery.CLEAN_MARK), end.toString());
    SegmentWriter.syncDirectory(settings.directory());
  }
}
