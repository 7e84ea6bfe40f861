package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.zip.CRC32C;

/**
 * What a segment says at its beginning: magic with the format's version (8 bytes), length and
 * CRC-32C of the rest, the rest.
 *
 * @param first the position of its first record, whether that has been written yet or not
 * @param previous of the last record before it
 * @param bootId of the host when it was made
 * @param chainBefore chain value of the record before; empty in a log without a chain
 * @param snapshot what the log's owner must know to go on from here
 */
record SegmentHeader(
    Position first,
    Position previous,
    Instant created,
    String bootId,
    ByteString chainBefore,
    ByteString snapshot) {
  /** {@code CSNLOG} and version 1. */
  private static final long MAGIC = 0x43534e4c4f470001L;

  private static final int PREFIX_BYTES = 16;

  /** A few thousand living sandboxes and open intents. */
  static final int MAX_BYTES = 64 << 20;

  /** It is for the next life alone, and may be long. */
  SegmentHeader withoutSnapshot() {
    return new SegmentHeader(first, previous, created, bootId, chainBefore, ByteString.EMPTY);
  }

  byte[] encode() {
    byte[] rest = rest();
    return ByteBuffer.allocate(PREFIX_BYTES + rest.length)
        .putLong(MAGIC)
        .putInt(rest.length)
        .putInt(crc(rest))
        .put(rest)
        .array();
  }

  private byte[] rest() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(first.epoch());
      out.writeLong(first.seq());
      out.writeLong(previous.epoch());
      out.writeLong(previous.seq());
      out.writeLong(created.toEpochMilli());
      out.writeUTF(bootId);
      out.writeByte(chainBefore.size());
      chainBefore.writeTo(out);
      snapshot.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException("memory is always writable", e);
    }
    return bytes.toByteArray();
  }

  private static int crc(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return (int) crc.getValue();
  }

  /** A header and where the records begin. */
  record Read(SegmentHeader header, long bytes) {}

  /** From the beginning of a file, which is then left at its first record. */
  static Read read(RandomAccessFile file) throws IOException {
    if (file.readLong() != MAGIC) {
      throw new IOException("it does not begin as a segment does");
    }
    int length = file.readInt();
    int crc = file.readInt();
    if (length < 0 || length > MAX_BYTES || length > file.length() - PREFIX_BYTES) {
      throw new IOException("its header cannot have " + length + " bytes");
    }
    byte[] rest = new byte[length];
    file.readFully(rest);
    if (crc(rest) != crc) {
      throw new IOException("its header's checksum does not match");
    }
    return new Read(decode(rest), PREFIX_BYTES + (long) length);
  }

  private static SegmentHeader decode(byte[] rest) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(rest))) {
      Position first = new Position(in.readLong(), in.readLong());
      Position previous = new Position(in.readLong(), in.readLong());
      Instant created = Instant.ofEpochMilli(in.readLong());
      String bootId = in.readUTF();
      ByteString chainBefore = ByteString.copyFrom(in.readNBytes(in.readUnsignedByte()));
      return new SegmentHeader(
          first, previous, created, bootId, chainBefore, ByteString.copyFrom(in.readAllBytes()));
    }
  }
}
