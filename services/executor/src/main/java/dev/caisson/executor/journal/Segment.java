package dev.caisson.executor.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.Locale;

/**
 * One file of a log: where it is, what it begins with, and how far it may be read. Shared by the
 * writer and all readers.
 */
final class Segment {
  static final String SUFFIX = ".seg";

  private final Path file;
  private final SegmentHeader header;
  private final long recordsOffset;
  private volatile long durableBytes;
  private volatile boolean sealed;

  Segment(Path file, SegmentHeader header, long recordsOffset) {
    this.file = file;
    this.header = header;
    this.recordsOffset = recordsOffset;
    this.durableBytes = recordsOffset;
  }

  /** Names sort in the order of positions. */
  static String name(Position first) {
    return String.format(Locale.ROOT, "%020d-%020d%s", first.epoch(), first.seq(), SUFFIX);
  }

  /** One that a life before has written. */
  static Segment open(Path file) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      SegmentHeader.Read read = SegmentHeader.read(in);
      Segment segment = new Segment(file, read.header(), read.bytes());
      segment.seal(in.length());
      return segment;
    }
  }

  Path file() {
    return file;
  }

  SegmentHeader header() {
    return header;
  }

  long recordsOffset() {
    return recordsOffset;
  }

  /** How far it may be read; final once it is sealed. */
  long durableBytes() {
    return durableBytes;
  }

  /** Only ever by the one thread that has the log's lock. */
  void durableTo(long bytes) {
    durableBytes = Math.max(durableBytes, bytes);
  }

  /** Whether nothing is added any more. To be asked before {@link #durableBytes}. */
  boolean sealed() {
    return sealed;
  }

  void seal(long bytes) {
    durableBytes = bytes;
    sealed = true;
  }
}
