package dev.caisson.executor.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes the last frames of all keys into a new file, which then takes the log's place. Who appends
 * goes on meanwhile: what comes after the snapshot is copied as it is, the last of it under the
 * log's lock, until the new file has its name. A crash leaves the old log or the new one, whole.
 */
final class Compaction {
  /** What is copied between two flushes: the log's own frames do not wait longer for theirs. */
  private static final int CHUNK_BYTES = 1 << 20;

  /** So short a tail is copied under the lock. */
  private static final int SHORT_TAIL_BYTES = 64 << 10;

  /** Then it is copied under the lock anyway: who appends is faster. */
  private static final int MAX_ROUNDS = 16;

  private final RecordLog log;
  private final LogReader source;
  private final RandomAccessFile file;
  private final Map<Key, Extent> moved = new HashMap<>();
  private final ByteArrayOutputStream chunk = new ByteArrayOutputStream();
  private final RecordLog.Snapshot snapshot;
  private long copied;
  private long tailStart;
  private long end;

  private Compaction(RecordLog log, LogReader source, RandomAccessFile file) {
    this.log = log;
    this.source = source;
    this.file = file;
    this.snapshot = log.snapshot();
    this.copied = snapshot.end();
  }

  /** Also brings everything to the disk. */
  static void run(RecordLog log) throws IOException {
    try (LogReader source = log.reader()) {
      Files.deleteIfExists(log.temporary());
      RandomAccessFile file = new RandomAccessFile(log.temporary().toFile(), "rw");
      try {
        new Compaction(log, source, file).run();
      } catch (IOException e) {
        log.renew();
        throw e;
      }
    }
  }

  private void run() throws IOException {
    try {
      copyFrames();
      catchUp();
      log.replace(this).close();
    } catch (IOException | RuntimeException e) {
      discard(e);
      throw e;
    }
    log.disk().sync(file);
    log.syncDirectory();
  }

  private void discard(Exception e) {
    try {
      file.close();
      Files.deleteIfExists(log.temporary());
    } catch (IOException again) {
      e.addSuppressed(again);
    }
  }

  private void copyFrames() throws IOException {
    for (Map.Entry<Key, Extent> entry : snapshot.frames()) {
      Extent from = entry.getValue();
      moved.put(entry.getKey(), new Extent(end + chunk.size(), from.length()));
      chunk.writeBytes(source.readFully(from.at(), Math.toIntExact(from.length())));
      if (chunk.size() >= CHUNK_BYTES) {
        writeChunk();
      }
    }
    writeChunk();
    tailStart = end;
  }

  private void writeChunk() throws IOException {
    append(chunk.toByteArray());
    chunk.reset();
    sync();
  }

  private void append(byte[] bytes) throws IOException {
    log.disk().write(file, bytes);
    end += bytes.length;
  }

  private void sync() throws IOException {
    log.disk().sync(file);
    log.sync();
  }

  private void catchUp() throws IOException {
    for (int i = 0; i < MAX_ROUNDS && log.end() - copied > SHORT_TAIL_BYTES; i++) {
      copyTail(log.end());
      sync();
    }
  }

  /** What was appended since the snapshot, up to there. */
  void copyTail(long until) throws IOException {
    while (copied < until) {
      byte[] bytes = source.readFully(copied, (int) Math.min(CHUNK_BYTES, until - copied));
      append(bytes);
      copied += bytes.length;
    }
  }

  RandomAccessFile file() {
    return file;
  }

  long end() {
    return end;
  }

  /** The same frames, where they are in the new file. */
  Index moved(Index old) {
    Index index = new Index();
    for (Map.Entry<Key, Extent> entry : old.inPlace()) {
      index.apply(entry.getKey(), false, moved(entry.getKey(), entry.getValue()));
    }
    return index;
  }

  private Extent moved(Key key, Extent old) {
    Extent copy = moved.get(key);
    if (old.at() >= snapshot.end() || copy == null) {
      return new Extent(old.at() - snapshot.end() + tailStart, old.length());
    }
    return copy;
  }
}
