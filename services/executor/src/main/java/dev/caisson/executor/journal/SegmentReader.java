package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Reads the records of one segment in order, and checks each one's checksum and chain value. Not by
 * a FileChannel, which an interrupt of the reading thread would close.
 */
final class SegmentReader implements AutoCloseable {
  private static final int BUFFER_BYTES =
      2 * (Frame.HEAD_BYTES + Frame.CHAIN_BYTES + Frame.MAX_RECORD_BYTES);

  private final Segment segment;
  private final RandomAccessFile file;
  private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).flip();
  private long offset;
  private Position next;
  private ByteString chain;

  private SegmentReader(Segment segment, RandomAccessFile file) {
    this.segment = segment;
    this.file = file;
    this.offset = segment.recordsOffset();
    this.next = segment.header().first();
    this.chain = segment.header().chainBefore();
  }

  static SegmentReader open(Segment segment) throws IOException {
    RandomAccessFile file = new RandomAccessFile(segment.file().toFile(), "r");
    try {
      file.seek(segment.recordsOffset());
      return new SegmentReader(segment, file);
    } catch (IOException | JournalException e) {
      file.close();
      throw e;
    }
  }

  /** Where the record begins that comes next. */
  long offset() {
    return offset;
  }

  /**
   * The next one, or none at the limit.
   *
   * @param limit how far the file may be read; a record ends there
   * @throws JournalCorruptException when there is none that is whole; then nothing has been
   *     consumed
   */
  Optional<LogRecord> next(long limit) throws IOException {
    if (offset >= limit) {
      return Optional.empty();
    }
    int length = length(limit);
    int crc = buffer.getInt(buffer.position() + Integer.BYTES);
    LogRecord record = record(length);
    if (Frame.crc(record) != crc) {
      throw corrupt("its checksum does not match");
    }
    if (!Frame.chain(chain, record.bytes()).equals(record.chain())) {
      throw corrupt("its chain value does not follow from the record before");
    }
    consume(record);
    return Optional.of(record);
  }

  private int length(long limit) throws IOException {
    if (!buffered(Frame.HEAD_BYTES, limit)) {
      throw corrupt("it is cut off");
    }
    int length = buffer.getInt(buffer.position());
    if (length <= 0 || length > Frame.MAX_RECORD_BYTES) {
      throw corrupt("it cannot have " + length + " bytes");
    }
    if (!buffered(Frame.HEAD_BYTES + chain.size() + length, limit)) {
      throw corrupt("it is cut off");
    }
    return length;
  }

  private boolean buffered(int bytes, long limit) throws IOException {
    if (buffer.remaining() < bytes) {
      long left = limit - offset - buffer.remaining();
      buffer.compact();
      int wanted = (int) Math.min(buffer.remaining(), left);
      int read = file.read(buffer.array(), buffer.position(), wanted);
      buffer.position(buffer.position() + Math.max(read, 0)).flip();
    }
    return buffer.remaining() >= bytes;
  }

  private LogRecord record(int length) {
    int start = buffer.position() + Frame.HEAD_BYTES;
    ByteString value = ByteString.copyFrom(buffer.array(), start, chain.size());
    ByteString bytes = ByteString.copyFrom(buffer.array(), start + chain.size(), length);
    return new LogRecord(next, bytes, value);
  }

  private void consume(LogRecord record) {
    int frame = Frame.HEAD_BYTES + record.size();
    buffer.position(buffer.position() + frame);
    offset += frame;
    next = next.next();
    chain = record.chain();
  }

  private JournalCorruptException corrupt(String reason) {
    return new JournalCorruptException(next, segment.file(), offset, reason);
  }

  @Override
  public void close() {
    try {
      file.close();
    } catch (IOException e) {
      throw new JournalException("close", segment.file(), e);
    }
  }
}
