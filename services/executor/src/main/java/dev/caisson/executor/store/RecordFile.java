package dev.caisson.executor.store;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The form of a file: magic, version, length and CRC-32C of what follows (each 4 bytes,
 * big-endian), then a protobuf message.
 */
final class RecordFile {
  /** {@code CSNS}. */
  private static final int MAGIC = 0x43534e53;

  static final int VERSION = 1;
  static final int HEADER_BYTES = 16;

  /** A spec is at most a gRPC message (4 MiB); its record adds little. */
  static final int MAX_BYTES = 8 << 20;

  private RecordFile() {}

  /** Why a file is none of ours. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(String reason) {
      super(reason);
    }
  }

  static ByteBuffer encode(byte[] message) {
    if (message.length > MAX_BYTES - HEADER_BYTES) {
      throw new IllegalArgumentException(
          "record must be at most " + MAX_BYTES + " bytes: " + message.length);
    }
    return ByteBuffer.allocate(HEADER_BYTES + message.length)
        .putInt(MAGIC)
        .putInt(VERSION)
        .putInt(message.length)
        .putInt(crc(message))
        .put(message)
        .flip();
  }

  static byte[] decode(byte[] file) throws Unreadable {
    if (file.length < HEADER_BYTES) {
      throw new Unreadable("it is shorter than a header: " + file.length + " bytes");
    }
    ByteBuffer header = ByteBuffer.wrap(file);
    if (header.getInt() != MAGIC) {
      throw new Unreadable("it does not begin as a record does");
    }
    int version = header.getInt();
    if (version != VERSION) {
      throw new Unreadable("its version is " + version + ", this executor reads " + VERSION);
    }
    return message(header.getInt(), header.getInt(), file);
  }

  private static byte[] message(int length, int crc, byte[] file) throws Unreadable {
    byte[] message = Arrays.copyOfRange(file, HEADER_BYTES, file.length);
    if (length != message.length) {
      throw new Unreadable("its length is " + message.length + " where the header says " + length);
    }
    if (crc != crc(message)) {
      throw new Unreadable("its checksum does not match");
    }
    return message;
  }

  private static int crc(byte[] message) {
    CRC32C crc = new CRC32C();
    crc.update(message);
    return (int) crc.getValue();
  }
}
