package dev.caisson.events;

import com.google.protobuf.ByteString;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The journal's chain: the value of a record is SHA-256(value of the record before ‖ bytes of the
 * record).
 */
public final class HashChain {

  /** Bytes of a chain value. */
  public static final int LENGTH = 32;

  /** What a node's first record follows: zeros. */
  public static final ByteString GENESIS = ByteString.copyFrom(new byte[LENGTH]);

  private HashChain() {}

  public static ByteString next(ByteString previous, ByteString record) {
    if (previous.size() != LENGTH) {
      throw new IllegalArgumentException("previous must have 32 bytes: " + previous.size());
    }
    MessageDigest digest = sha256();
    digest.update(previous.asReadOnlyByteBuffer());
    digest.update(record.asReadOnlyByteBuffer());
    return ByteString.copyFrom(digest.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("Every Java platform has SHA-256", e);
    }
  }
}
