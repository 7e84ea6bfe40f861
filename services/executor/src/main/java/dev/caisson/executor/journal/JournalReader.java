package dev.caisson.executor.journal;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reads durable records in order, from disk, each checked. For one thread at a time; holds one file
 * open until it is closed.
 */
public final class JournalReader implements AutoCloseable {
  private final SegmentedLog log;
  private Segment segment;
  private SegmentReader reader;
  private Position last;

  private JournalReader(SegmentedLog log, Segment segment, SegmentReader reader, Position last) {
    this.log = log;
    this.segment = segment;
    this.reader = reader;
    this.last = last;
  }

  static JournalReader open(SegmentedLog log, Position after) {
    List<Segment> segments = log.segments();
    Position oldest = segments.getFirst().header().previous();
    if (after.compareTo(oldest) < 0) {
      throw PositionException.notRetained(after, oldest);
    }
    Position end = log.durable();
    if (after.compareTo(end) > 0) {
      throw PositionException.ahead(after, end);
    }
    Segment start = startFor(segments, after);
    JournalReader reader =
        new JournalReader(log, start, openSegment(log, start, after), start.header().previous());
    reader.skipTo(after);
    return reader;
  }

  /** The last one in which the record after the position can be; the oldest where none can. */
  private static Segment startFor(List<Segment> segments, Position after) {
    return segments.stream()
        .filter(segment -> segment.first().compareTo(after.next()) <= 0)
        .reduce((_, later) -> later)
        .orElse(segments.getFirst());
  }

  private static SegmentReader openSegment(SegmentedLog log, Segment segment, Position after) {
    try {
      return SegmentReader.open(segment);
    } catch (FileNotFoundException _) {
      throw PositionException.notRetained(after, log.segments().getFirst().header().previous());
    } catch (IOException e) {
      throw new JournalException("open", segment.file(), e);
    }
  }

  private void skipTo(Position after) {
    while (!last.equals(after)) {
      Optional<LogRecord> record = next();
      if (record.isEmpty() || record.get().position().compareTo(after) > 0) {
        close();
        throw PositionException.ahead(after, record.isEmpty() ? last : record.get().position());
      }
    }
  }

  /** Where it is: of the record that came last, or where it was begun. */
  public Position position() {
    return last;
  }

  /**
   * What there is, without waiting; perhaps nothing. At least one record when there is one, however
   * long it is.
   */
  public List<LogRecord> poll(int maxRecords, int maxBytes) {
    List<LogRecord> batch = new ArrayList<>();
    int bytes = 0;
    while (batch.size() < maxRecords && bytes < maxBytes) {
      Optional<LogRecord> record = next();
      if (record.isEmpty()) {
        break;
      }
      batch.add(record.get());
      bytes += record.get().size();
    }
    return batch;
  }

  /**
   * Waits until there is a record, then as {@link #poll}.
   *
   * @throws JournalException when the journal is closed, or has failed, and all of it was read
   */
  public List<LogRecord> take(int maxRecords, int maxBytes) throws InterruptedException {
    List<LogRecord> batch = poll(maxRecords, maxBytes);
    while (batch.isEmpty()) {
      log.awaitAfter(last);
      batch = poll(maxRecords, maxBytes);
    }
    return batch;
  }

  /** Waits until {@link #poll} finds all that has been written by now. */
  public void awaitWritten() throws InterruptedException {
    log.awaitWritten();
  }

  private Optional<LogRecord> next() {
    while (true) {
      boolean sealed = segment.sealed();
      Optional<LogRecord> record = fromSegment();
      if (record.isPresent()) {
        last = record.get().position();
        return record;
      }
      if (!sealed || !advance()) {
        return Optional.empty();
      }
    }
  }

  private Optional<LogRecord> fromSegment() {
    try {
      return reader.next(segment.durableBytes());
    } catch (IOException e) {
      throw new JournalException("read", segment.file(), e);
    }
  }

  /** To the segment after this one; false when there is none yet. */
  private boolean advance() {
    List<Segment> segments = log.segments();
    int next = segments.indexOf(segment) + 1;
    if (next == segments.size()) {
      return false;
    }
    Segment following = segments.get(next);
    SegmentReader opened = openSegment(log, following, last);
    if (!following.header().previous().equals(last)) {
      opened.close();
      throw PositionException.notRetained(last, following.header().previous());
    }
    reader.close();
    reader = opened;
    segment = following;
    return true;
  }

  @Override
  public void close() {
    reader.close();
  }
}
