package dev.caisson.executor.store;

import dev.caisson.executor.disk.Disk;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The file, and where in it the last frame of each key is.
 *
 * <p>Safe for use by several threads; {@link #flush} is called by one at a time.
 */
final class RecordLog implements AutoCloseable {
  static final String NAME = "store.log";

  /** What a compaction has not finished. */
  static final String TEMPORARY = "store.log.new";

  private static final System.Logger LOG = System.getLogger(RecordLog.class.getName());

  private final Path directory;
  private final Disk disk;
  private final Limits limits;
  private final Quarantine quarantine;
  private RandomAccessFile file;
  private Index index;
  private long end;

  /** Bytes of a write that failed may be behind the end. */
  private boolean torn;

  /** To be written anew at the next flush, whatever its size. */
  private boolean renew;

  private RecordLog(
      Path directory, Disk disk, Limits limits, Quarantine quarantine, RandomAccessFile file) {
    this.directory = directory;
    this.disk = disk;
    this.limits = limits;
    this.quarantine = quarantine;
    this.file = file;
    this.index = new Index();
  }

  /** Reads it, puts aside what is no frame, and cuts a torn tail. */
  static RecordLog open(Path directory, Disk disk, Limits limits, Quarantine quarantine)
      throws IOException {
    Path path = directory.resolve(NAME);
    Files.deleteIfExists(directory.resolve(TEMPORARY));
    quarantine.takeUnlessRegular(path);
    boolean fresh = Files.notExists(path);
    RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
    try {
      RecordLog log = new RecordLog(directory, disk, limits, quarantine, file);
      log.scan();
      if (fresh) {
        disk.syncDirectory(directory);
      }
      return log;
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  private synchronized void scan() throws IOException {
    try (LogReader reader = reader()) {
      long size = reader.size();
      Scan scan = new Scan(reader, Math.min(size, limits.maxBytes()));
      index = scan.index();
      end = scan.end();
      boolean aside = true;
      for (Scan.Broken broken : scan.broken()) {
        aside &= quarantine.take(reader, broken.extent(), broken.reason());
      }
      renew = aside && !scan.broken().isEmpty();
      cut(size);
    }
  }

  private void cut(long size) throws IOException {
    if (size > limits.maxBytes()) {
      quarantine.report(NAME, "it is longer than " + limits.maxBytes() + " bytes, and was cut");
    } else if (size > end) {
      LOG.log(
          System.Logger.Level.WARNING,
          "Cut a torn frame of {0} bytes off {1}",
          String.valueOf(size - end),
          path());
    }
    if (size > end) {
      disk.cut(file, end);
    } else {
      file.seek(end);
    }
  }

  Path path() {
    return directory.resolve(NAME);
  }

  Path temporary() {
    return directory.resolve(TEMPORARY);
  }

  Disk disk() {
    return disk;
  }

  LogReader reader() throws IOException {
    return new LogReader(path());
  }

  /** Whole, or not at all. False for the removal of what is not there, which is not written. */
  synchronized boolean append(Frame frame) throws IOException {
    if (frame.isRemoval() && !index.has(frame.key())) {
      return false;
    }
    requireRoom(frame);
    cutTorn();
    write(frame.bytes());
    Extent extent = new Extent(end, frame.bytes().length);
    index.apply(frame.key(), frame.isRemoval(), extent);
    end = extent.end();
    return true;
  }

  private void requireRoom(Frame frame) throws IOException {
    long limit = limits.maxBytes() - (frame.isRemoval() ? 0 : limits.reservedBytes());
    if (end + frame.bytes().length > limit) {
      renew |= end > index.bytes();
      throw new IOException("the log must be at most " + limit + " bytes: " + end);
    }
  }

  private void cutTorn() throws IOException {
    if (torn) {
      disk.cut(file, end);
      torn = false;
    }
  }

  private void write(byte[] bytes) throws IOException {
    try {
      writeOnce(bytes);
    } catch (IOException e) {
      if (torn || !disk.makeRoom()) {
        throw e;
      }
      writeOnce(bytes);
    }
  }

  private void writeOnce(byte[] bytes) throws IOException {
    torn = true;
    try {
      disk.write(file, bytes);
      torn = false;
    } catch (IOException e) {
      try {
        cutTorn();
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /** What becomes of the records. */
  interface Visitor {
    void visit(Frame frame) throws Unreadable;
  }

  /** The last of each key, in order; puts aside what the visitor cannot read. */
  synchronized void read(Visitor visitor) throws IOException {
    try (LogReader reader = reader()) {
      for (Map.Entry<Key, Extent> entry : index.inOrder()) {
        read(reader, entry, visitor);
      }
    }
  }

  private void read(LogReader reader, Map.Entry<Key, Extent> entry, Visitor visitor) {
    try {
      visitor.visit(reader.frame(entry.getValue()));
    } catch (Unreadable e) {
      putAside(reader, entry, e.reason());
    } catch (IOException e) {
      putAside(reader, entry, "it cannot be read: " + e);
    }
  }

  private void putAside(LogReader reader, Map.Entry<Key, Extent> entry, String reason) {
    renew |= quarantine.take(reader, entry.getValue(), reason);
    index.remove(entry.getKey());
  }

  /** Whether the next flush will write it anew. */
  synchronized boolean isDue() {
    return renew || (end > limits.compactBytes() && end - index.bytes() > end / 2);
  }

  /** Brings to the disk what was appended before; compacts when that is due. */
  void flush() throws IOException {
    if (isDue()) {
      Compaction.run(this);
    } else {
      sync();
    }
  }

  /** The kernel tells of a lost write once: what was lost is then written anew. */
  void sync() throws IOException {
    RandomAccessFile current = current();
    try {
      disk.sync(current);
    } catch (IOException e) {
      renew();
      throw e;
    }
  }

  private synchronized RandomAccessFile current() {
    return file;
  }

  synchronized void renew() {
    renew = true;
  }

  /**
   * What a compaction copies.
   *
   * @param end of the log; what is appended later is its tail
   */
  record Snapshot(List<Map.Entry<Key, Extent>> frames, long end) {}

  synchronized Snapshot snapshot() {
    return new Snapshot(index.inPlace(), end);
  }

  synchronized long end() {
    return end;
  }

  /**
   * A compaction's last step: the rest of the tail, and its file is the log's. Nothing is appended
   * meanwhile.
   *
   * @return the old file, to be closed
   */
  synchronized RandomAccessFile replace(Compaction by) throws IOException {
    by.copyTail(end);
    disk.rename(temporary(), path());
    RandomAccessFile old = file;
    file = by.file();
    index = by.moved(index);
    end = by.end();
    torn = false;
    renew = false;
    return old;
  }

  void syncDirectory() throws IOException {
    disk.syncDirectory(directory);
  }

  @Override
  public synchronized void close() throws IOException {
    file.close();
  }
}
