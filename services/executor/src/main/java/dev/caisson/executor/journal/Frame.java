package dev.caisson.executor.journal;

import com.google.protobuf.ByteString;
import dev.caisson.model.Sha256;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.zip.CRC32C;

/**
 * A record's form in a segment: length of the bytes, CRC-32C (each 4 bytes, big-endian), chain
 * value (32 bytes, or none), bytes. The checksum covers the record's position too, which is not
 * stored: a whole frame in the wrong place is not taken for good.
 */
final class Frame {
  static final int HEAD_BYTES = 8;
  static final int CHAIN_BYTES = 32;

  /** An event, or a sample of a sandbox, is never longer. */
  static final int MAX_RECORD_BYTES = 64 << 10;

  /** Before the first record of all. */
  static final ByteString GENESIS = ByteString.copyFrom(new byte[CHAIN_BYTES]);

  private Frame() {}

  static byte[] encode(LogRecord record) {
    ByteBuffer frame = ByteBuffer.allocate(HEAD_BYTES + record.size());
    frame.putInt(record.bytes().size()).putInt(crc(record));
    record.chain().copyTo(frame);
    record.bytes().copyTo(frame);
    return frame.array();
  }

  static int crc(LogRecord record) {
    CRC32C crc = new CRC32C();
    ByteBuffer position = ByteBuffer.allocate(2 * Long.BYTES);
    crc.update(position.putLong(record.position().epoch()).putLong(record.position().seq()).flip());
    crc.update(record.chain().asReadOnlyByteBuffer());
    crc.update(record.bytes().asReadOnlyByteBuffer());
    return (int) crc.getValue();
  }

  /** Empty for a log without a chain, whose value before is empty. */
  static ByteString chain(ByteString before, ByteString bytes) {
    if (before.isEmpty()) {
      return before;
    }
    MessageDigest sha256 = Sha256.start();
    sha256.update(before.asReadOnlyByteBuffer());
    sha256.update(bytes.asReadOnlyByteBuffer());
    return ByteString.copyFrom(sha256.digest());
  }
}
