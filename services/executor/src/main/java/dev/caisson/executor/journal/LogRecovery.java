package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds out what the lives before have left: reads the last segment, and cuts a torn tail. Of the
 * others it reads what the oldest begins with, where readers may start, and nothing more.
 *
 * <p>A record that is not whole, in the last segment, is one of two things. At the end of the file,
 * or after a reboot (a loss of power may keep later pages and lose earlier ones), it was never
 * durable: it is cut. In the middle of the file of a host that ran on, it was whole once: that is
 * corruption, and reported.
 */
final class LogRecovery {
  static final String CLEAN_MARK = "clean";
  static final String CUT_SUFFIX = ".cut";

  private static final System.Logger LOG = System.getLogger(LogRecovery.class.getName());

  private final LogSettings settings;
  private final LogState state;
  private final List<Segment> segments = new ArrayList<>();

  LogRecovery(LogSettings settings, LogState state) {
    this.settings = settings;
    this.state = state;
  }

  List<Segment> segments() {
    return segments;
  }

  LogEnd run() throws IOException {
    Files.createDirectories(settings.directory());
    List<Path> files = files();
    List<Path> ends = ends(files);
    for (Path file : files) {
      take(file, ends.contains(file));
    }
    return segments.isEmpty() ? none() : scan(segments.getLast());
  }

  private LogEnd none() {
    return new LogEnd(
        LogEnd.How.NONE,
        0,
        Position.BEFORE_ALL,
        settings.chained() ? Frame.GENESIS : ByteString.EMPTY);
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> entries = Files.list(settings.directory())) {
      return entries.sorted().toList();
    }
  }

  /** The oldest segment, and the newest. */
  private static List<Path> ends(List<Path> files) {
    List<Path> all = files.stream().filter(LogRecovery::isSegment).toList();
    return all.isEmpty() ? all : List.of(all.getFirst(), all.getLast());
  }

  private static boolean isSegment(Path file) {
    return file.getFileName().toString().endsWith(Segment.SUFFIX);
  }

  private void take(Path file, boolean isEnd) throws IOException {
    String name = file.getFileName().toString();
    if (isSegment(file)) {
      takeSegment(file, isEnd || settings.cutCorrupt());
    } else if (name.endsWith(SegmentWriter.TEMPORARY)) {
      Files.delete(file);
    }
  }

  /** A log that leaves out what is corrupt must find that now. */
  private void takeSegment(Path file, boolean whole) throws IOException {
    try {
      segments.add(whole ? Segment.open(file) : Segment.listed(file));
    } catch (IOException e) {
      if (!settings.cutCorrupt()) {
        throw new JournalException("read the header of", file, e);
      }
      LOG.log(
          System.Logger.Level.ERROR, "Removed {0}, since its header cannot be read: {1}", file, e);
      Files.delete(file);
    }
  }

  private LogEnd scan(Segment segment) throws IOException {
    SegmentHeader header = segment.header();
    state.restore(header.snapshot());
    Tail tail = new Tail(header.previous(), header.chainBefore());
    long size = segment.durableBytes();
    try (SegmentReader reader = SegmentReader.open(segment)) {
      Optional<JournalCorruptException> broken = tail.readAll(reader, size);
      boolean torn = broken.isPresent();
      if (torn) {
        cut(segment, reader.offset(), size, broken.get());
      }
      return end(header.first().epoch(), tail, torn);
    }
  }

  private final class Tail {
    private Position last;
    private ByteString chain;

    Tail(Position last, ByteString chain) {
      this.last = last;
      this.chain = chain;
    }

    Optional<JournalCorruptException> readAll(SegmentReader reader, long size) throws IOException {
      try {
        for (Optional<LogRecord> r = reader.next(size); r.isPresent(); r = reader.next(size)) {
          last = r.get().position();
          chain = r.get().chain();
          state.replay(r.get());
        }
        return Optional.empty();
      } catch (JournalCorruptException e) {
        return Optional.of(e);
      }
    }
  }

  private void cut(Segment segment, long at, long size, JournalCorruptException broken)
      throws IOException {
    boolean rebooted = !segment.header().bootId().equals(settings.bootId());
    if (!rebooted && !settings.cutCorrupt() && !reachesTheEnd(segment, at, size)) {
      throw broken;
    }
    LOG.log(
        System.Logger.Level.WARNING,
        "Cut {0} bytes of a torn tail: {1}",
        size - at,
        broken.getMessage());
    try (RandomAccessFile file = new RandomAccessFile(segment.file().toFile(), "rw")) {
      keepTail(segment, file, at);
      file.setLength(at);
      file.getFD().sync();
    }
    segment.seal(at);
  }

  /**
   * Whether the frame at the offset goes on up to the end of the file, or beyond: then its writer
   * died in it.
   */
  static boolean reachesTheEnd(Segment segment, long at, long size) throws IOException {
    if (size - at < Frame.HEAD_BYTES) {
      return true;
    }
    try (RandomAccessFile file = new RandomAccessFile(segment.file().toFile(), "r")) {
      file.seek(at);
      int length = file.readInt();
      boolean possible = length > 0 && length <= Frame.MAX_RECORD_BYTES;
      return possible
          && at + Frame.HEAD_BYTES + segment.header().chainBefore().size() + length > size;
    }
  }

  /** What is cut is evidence; it is kept until its segment is deleted. */
  private static void keepTail(Segment segment, RandomAccessFile file, long at) throws IOException {
    file.seek(at);
    byte[] tail = new byte[(int) Math.min(file.length() - at, Integer.MAX_VALUE - 8)];
    file.readFully(tail);
    Files.write(segment.file().resolveSibling(segment.file().getFileName() + CUT_SUFFIX), tail);
  }

  private LogEnd end(long lastEpoch, Tail tail, boolean torn) throws IOException {
    LogEnd.How how = LogEnd.How.CRASH;
    if (torn) {
      how = LogEnd.How.TORN;
    } else if (readMark().equals(tail.last.toString())) {
      how = LogEnd.How.CLEAN;
    }
    return new LogEnd(how, lastEpoch, tail.last, tail.chain);
  }

  private String readMark() throws IOException {
    try {
      return Files.readString(settings.directory().resolve(CLEAN_MARK)).strip();
    } catch (NoSuchFileException _) {
      return "";
    }
  }
}
