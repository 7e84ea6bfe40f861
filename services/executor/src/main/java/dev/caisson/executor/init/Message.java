package dev.caisson.executor.init;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** One message of the control protocol: {@code struct message} of caisson_init.h. */
record Message(
    int type, int flags, long token, long arg0, long arg1, long arg2, long arg3, long arg4) {
  static final int BYTES = 64;

  static final int BECOME = 1;
  static final int RUN = 2;
  static final int ACK = 3;
  static final int LIST = 4;
  static final int HOLD = 5;
  static final int FETCH = 6;
  static final int DROP = 7;
  static final int END = 8;

  static final int HELLO = 0x81;
  static final int BORN = 0x82;
  static final int READY = 0x83;
  static final int STARTED = 0x84;
  static final int FAILED = 0x85;
  static final int EXITED = 0x86;
  static final int ENTRY = 0x87;
  static final int LISTED = 0x88;
  static final int HELD = 0x89;
  static final int ENDED = 0x8a;

  static final int WITH_CGROUP = 1;
  static final int WITH_PIDNS = 2;
  static final int EXIT_WITH_CONNECTION = 4;
  static final int ENTRY_RUNNING = 16;
  static final int ENTRY_EXITED = 32;

  static final int CONTROL_VERSION = 1;

  static Message request(int type, long token) {
    return request(type, 0, token, 0);
  }

  static Message request(int type, int flags, long token, long arg0) {
    return request(type, flags, token, arg0, 0);
  }

  static Message request(int type, int flags, long token, long arg0, long arg1) {
    return new Message(type, flags, token, arg0, arg1, 0, 0, 0);
  }

  ByteBuffer encode() {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(type).putInt(flags).putLong(token);
    bytes.putLong(arg0).putLong(arg1).putLong(arg2).putLong(arg3).putLong(arg4).putLong(0);
    return bytes.flip();
  }

  /**
   * @throws InitException when it has not the length of a message
   */
  static Message decode(ByteBuffer bytes) {
    if (bytes.remaining() != BYTES) {
      throw new InitException("caisson-init sent a message of " + bytes.remaining() + " bytes");
    }
    ByteBuffer b = bytes.order(ByteOrder.LITTLE_ENDIAN);
    return new Message(
        b.getInt(),
        b.getInt(),
        b.getLong(),
        b.getLong(),
        b.getLong(),
        b.getLong(),
        b.getLong(),
        b.getLong());
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }
}
