package dev.caisson.executor.journal;

import java.util.List;
import java.util.Optional;

/**
 * What a reader has before it.
 *
 * @param records how many are kept of those after its position
 * @param bytes that they take on disk; of a segment that it has read in part, in proportion
 * @param oldest the first of them
 */
record Backlog(long records, long bytes, Optional<LogRecord> oldest) {

  private static final Backlog NONE = new Backlog(0, 0, Optional.empty());

  /** Counts by where segments begin and end; reads no more than the oldest record's segment. */
  static Backlog of(SegmentedLog log, Position after) {
    List<Segment> segments = log.segments();
    Position end = log.durable();
    long records = 0;
    long bytes = 0;
    for (int i = 0; i < segments.size(); i++) {
      Segment segment = segments.get(i);
      Position last = i + 1 < segments.size() ? segments.get(i + 1).header().previous() : end;
      long all = countAfter(segment.header().previous(), segment, last);
      long left = countAfter(after, segment, last);
      records += left;
      bytes += all == 0 ? 0 : Math.round((double) segment.durableBytes() * left / all);
    }
    return records == 0 ? NONE : new Backlog(records, bytes, oldest(log, segments, after));
  }

  // A segment has one epoch, and its sequences have no gaps.
  private static long countAfter(Position after, Segment segment, Position last) {
    Position first = segment.header().first();
    if (last.compareTo(first) < 0 || last.compareTo(after) <= 0) {
      return 0;
    }
    boolean within = after.epoch() == first.epoch() && after.seq() >= first.seq();
    return last.seq() - (within ? after.seq() : first.seq() - 1);
  }

  private static Optional<LogRecord> oldest(
      SegmentedLog log, List<Segment> segments, Position after) {
    Position kept = segments.getFirst().header().previous();
    Position from = after.compareTo(kept) < 0 ? kept : after;
    try (JournalReader reader = log.read(from)) {
      return reader.poll(1, Frame.MAX_RECORD_BYTES).stream().findFirst();
    } catch (JournalException | PositionException | JournalCorruptException _) {
      return Optional.empty();
    }
  }
}
