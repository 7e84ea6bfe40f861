package dev.caisson.executor.journal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One file of a log: where it is, what it begins with, and how far it may be read. Shared by the
 * writer and all readers. Of one that a life before has written, what it begins with is read when
 * somebody asks for it: opening a log takes no longer for what it holds.
 */
final class Segment {
  static final String SUFFIX = ".seg";

  private static final Pattern NAME = Pattern.compile("(\\d{20})-(\\d{20})" + SUFFIX);

  private final Path file;
  private final Position first;
  private volatile SegmentHeader.@Nullable Read begin;
  private volatile long durableBytes;
  private volatile boolean sealed;

  private Segment(
      Path file, Position first, SegmentHeader.@Nullable Read begin, long durableBytes) {
    this.file = file;
    this.first = first;
    this.begin = begin;
    this.durableBytes = durableBytes;
  }

  /** One that is written now. */
  static Segment begun(Path file, SegmentHeader header, long recordsOffset) {
    SegmentHeader.Read begin = new SegmentHeader.Read(header.withoutSnapshot(), recordsOffset);
    return new Segment(file, header.first(), begin, recordsOffset);
  }

  /** Names sort in the order of positions. */
  static String name(Position first) {
    return String.format(Locale.ROOT, "%020d-%020d%s", first.epoch(), first.seq(), SUFFIX);
  }

  /** One that a life before has written, of which nothing is read yet. */
  static Segment listed(Path file) throws IOException {
    Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
    if (!name.matches()) {
      throw new IOException("its name is none of a segment's");
    }
    Position first = new Position(Long.parseLong(name.group(1)), Long.parseLong(name.group(2)));
    Segment segment = new Segment(file, first, null, 0);
    segment.seal(Files.size(file));
    return segment;
  }

  /** The same, with all that it begins with. */
  static Segment open(Path file) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
      SegmentHeader.Read read = SegmentHeader.read(in);
      Segment segment = new Segment(file, read.header().first(), read, 0);
      segment.seal(in.length());
      return segment;
    }
  }

  private SegmentHeader.Read begin() {
    SegmentHeader.Read known = begin;
    if (known == null) {
      try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
        SegmentHeader.Read read = SegmentHeader.read(in);
        known = new SegmentHeader.Read(read.header().withoutSnapshot(), read.bytes());
      } catch (IOException e) {
        throw new JournalException("read the header of", file, e);
      }
      begin = known;
    }
    return known;
  }

  /** The position of its first record, as its name has it. */
  Position first() {
    return first;
  }

  Path file() {
    return file;
  }

  /**
   * What it begins with.
   *
   * @throws JournalException when it cannot be read
   */
  SegmentHeader header() {
    return begin().header();
  }

  long recordsOffset() {
    return begin().bytes();
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
