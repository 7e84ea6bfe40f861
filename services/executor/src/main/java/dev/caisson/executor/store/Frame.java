package dev.caisson.executor.store;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * One change: magic (8 bytes), CRC-32C of what follows (4), length of what follows (4), version
 * (2), kind (1), length of the uid (1), uid, protobuf message. Numbers are big-endian. A later
 * version keeps all of this where it is, and in the message the fields that there are: so that an
 * earlier executor can leave alone what it does not understand.
 */
final class Frame {
  static final int VERSION = 1;

  /** Up to and with the length: what must be read to know how long a frame is. */
  static final int HEAD_BYTES = Magic.BYTES + 2 * Integer.BYTES;

  private static final int CRC_OFFSET = Magic.BYTES;
  private static final int LENGTH_OFFSET = CRC_OFFSET + Integer.BYTES;
  private static final int KIND_OFFSET = HEAD_BYTES + Short.BYTES;
  private static final int UID_OFFSET = KIND_OFFSET + 2;

  /** A spec is at most a gRPC message (4 MiB); its record adds little. */
  static final int MAX_BYTES = 8 << 20;

  /** Added to the kind's number: it is there no longer. */
  private static final int REMOVED = 0x80;

  private final Key key;
  private final boolean removal;
  private final byte[] bytes;
  private final int messageOffset;

  private Frame(Key key, boolean removal, byte[] bytes, int messageOffset) {
    this.key = key;
    this.removal = removal;
    this.bytes = bytes;
    this.messageOffset = messageOffset;
  }

  Key key() {
    return key;
  }

  /** Says that it is there no longer, and has no message. */
  boolean isRemoval() {
    return removal;
  }

  /** Written by a newer executor: it may say what this one does not understand. */
  boolean isNewer() {
    return version(bytes) > VERSION;
  }

  private static int version(byte[] frame) {
    return ByteBuffer.wrap(frame).getShort(HEAD_BYTES);
  }

  /** The frame itself; not to be changed. */
  byte[] bytes() {
    return bytes;
  }

  ByteString message() {
    return ByteString.copyFrom(bytes, messageOffset, bytes.length - messageOffset);
  }

  static Frame of(Key key, MessageLite message) {
    int length = message.getSerializedSize();
    Frame frame = allocate(key, number(key.kind()), length);
    try {
      CodedOutputStream out =
          CodedOutputStream.newInstance(frame.bytes, frame.messageOffset, length);
      message.writeTo(out);
      out.checkNoSpaceLeft();
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to encode the record of " + key, e);
    }
    return frame.sealed();
  }

  static Frame removal(Key key) {
    return allocate(key, number(key.kind()) | REMOVED, 0).sealed();
  }

  private static int number(Key.Kind kind) {
    return switch (kind) {
      case SANDBOX -> 1;
      case CONTAINER -> 2;
    };
  }

  /** With everything but its checksum and its message. */
  private static Frame allocate(Key key, int kind, int messageBytes) {
    byte[] uid = key.uid().getBytes(StandardCharsets.US_ASCII);
    int messageOffset = UID_OFFSET + uid.length;
    if (messageBytes > MAX_BYTES - messageOffset) {
      throw new IllegalArgumentException(
          "record must be at most " + MAX_BYTES + " bytes: " + messageBytes);
    }
    ByteBuffer frame = ByteBuffer.allocate(messageOffset + messageBytes);
    Magic.put(frame);
    frame.position(LENGTH_OFFSET).putInt(frame.capacity() - HEAD_BYTES).putShort((short) VERSION);
    frame.put((byte) kind).put((byte) uid.length).put(uid);
    return new Frame(key, (kind & REMOVED) != 0, frame.array(), messageOffset);
  }

  private Frame sealed() {
    ByteBuffer.wrap(bytes).putInt(CRC_OFFSET, crc(bytes));
    if (Magic.find(bytes, 1) >= 0) {
      throw new IllegalArgumentException("record must not hold what begins a frame: " + key);
    }
    return this;
  }

  private static int crc(byte[] frame) {
    CRC32C crc = new CRC32C();
    crc.update(frame, LENGTH_OFFSET, frame.length - LENGTH_OFFSET);
    return (int) crc.getValue();
  }

  /**
   * How many bytes the frame has that begins so.
   *
   * @param head of {@link #HEAD_BYTES}
   */
  static int length(byte[] head) throws Unreadable {
    if (head.length < HEAD_BYTES) {
      throw new Unreadable("it is shorter than a frame's head: " + head.length + " bytes");
    }
    if (!Magic.begins(head)) {
      throw new Unreadable("it does not begin as a frame does");
    }
    int length = ByteBuffer.wrap(head).getInt(LENGTH_OFFSET);
    if (length < UID_OFFSET - HEAD_BYTES || length > MAX_BYTES - HEAD_BYTES) {
      throw new Unreadable("its length is none of a frame's: " + length);
    }
    return HEAD_BYTES + length;
  }

  /** The inverse; takes possession of the bytes. */
  static Frame decode(byte[] bytes) throws Unreadable {
    int length = length(bytes);
    if (length != bytes.length) {
      throw new Unreadable("it has " + bytes.length + " bytes where it says " + length);
    }
    ByteBuffer frame = ByteBuffer.wrap(bytes).position(CRC_OFFSET);
    if (frame.getInt() != crc(bytes)) {
      throw new Unreadable("its checksum does not match");
    }
    if (version(bytes) < VERSION) {
      throw new Unreadable("its version is " + version(bytes) + ", this executor reads " + VERSION);
    }
    return body(bytes);
  }

  private static Frame body(byte[] bytes) throws Unreadable {
    int kind = bytes[KIND_OFFSET] & 0xff;
    int uidLength = bytes[KIND_OFFSET + 1] & 0xff;
    int messageOffset = UID_OFFSET + uidLength;
    if (messageOffset > bytes.length) {
      throw new Unreadable("its uid is longer than itself: " + uidLength + " bytes");
    }
    String uid = new String(bytes, UID_OFFSET, uidLength, StandardCharsets.US_ASCII);
    return new Frame(key(kind, uid), (kind & REMOVED) != 0, bytes, messageOffset);
  }

  private static Key key(int kind, String uid) throws Unreadable {
    for (Key.Kind known : Key.Kind.values()) {
      if (number(known) == (kind & ~REMOVED)) {
        return key(known, uid);
      }
    }
    throw new Unreadable("its kind is unknown: " + kind);
  }

  private static Key key(Key.Kind kind, String uid) throws Unreadable {
    try {
      return new Key(kind, uid);
    } catch (IllegalArgumentException e) {
      throw new Unreadable(String.valueOf(e.getMessage()));
    }
  }
}
