package dev.caisson.executor.store;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * How each frame begins, and nothing else in a log does: a frame that holds it further on is
 * refused. So the frame after a broken one is found for certain, and no record's content, which is
 * partly a tenant's, can be taken for a frame.
 */
final class Magic {
  static final int BYTES = Long.BYTES;

  /** {@code CsnSto} between two bytes that no UTF-8 has; no byte twice, so that none overlaps. */
  private static final long VALUE = 0xff43_736e_5374_6ffeL;

  private static final byte[] PATTERN = ByteBuffer.allocate(BYTES).putLong(VALUE).array();

  /** Horspool's: by how much the pattern may move, by the byte below its last one. */
  private static final byte[] SHIFTS = shifts();

  private Magic() {}

  private static byte[] shifts() {
    byte[] shifts = new byte[256];
    Arrays.fill(shifts, (byte) BYTES);
    for (int i = 0; i < BYTES - 1; i++) {
      shifts[PATTERN[i] & 0xff] = (byte) (BYTES - 1 - i);
    }
    return shifts;
  }

  static void put(ByteBuffer target) {
    target.put(PATTERN);
  }

  static boolean begins(byte[] bytes) {
    return isAt(bytes, 0);
  }

  /** Whether it may go on as the magic, or as a frame. */
  static boolean mayBegin(byte[] bytes) {
    int length = Math.min(bytes.length, BYTES);
    return Arrays.equals(bytes, 0, length, PATTERN, 0, length);
  }

  /** Its first place from there on, or -1. */
  static int find(byte[] bytes, int from) {
    for (int at = from; at <= bytes.length - BYTES; at += SHIFTS[bytes[at + BYTES - 1] & 0xff]) {
      if (isAt(bytes, at)) {
        return at;
      }
    }
    return -1;
  }

  private static boolean isAt(byte[] bytes, int at) {
    return bytes.length - at >= BYTES && Arrays.equals(bytes, at, at + BYTES, PATTERN, 0, BYTES);
  }
}
