package dev.caisson.auditor.trail;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32C;

/**
 * Where a page ended: after which record, in which search. Opaque to callers, and refused when it
 * is not one of ours or belongs to another search; it gives no right, so it is not signed.
 */
record PageToken(int search, long timeNanos, String node, Position position) {

  private static final byte VERSION = 1;
  private static final int FIXED_BYTES = 1 + Integer.BYTES + 3 * Long.BYTES + Integer.BYTES;

  // A node's name has at most 253 characters.
  private static final int MAX_TEXT = 1_024;

  /**
   * The token after an entry. The page's size is no part of a search: it can change from page to
   * page.
   */
  static PageToken after(TrailEntry entry, TrailQuery query) {
    return new PageToken(
        search(query), entry.columns().timeNanos(), entry.columns().node(), entry.position());
  }

  static PageToken parse(String text, TrailQuery query) {
    PageToken token = decode(text);
    if (token.search != search(query)) {
      throw new InvalidQueryException("page_token", "must be used with the filters it came from");
    }
    return token;
  }

  String encode() {
    byte[] name = node.getBytes(UTF_8);
    ByteBuffer bytes = ByteBuffer.allocate(FIXED_BYTES + name.length);
    bytes.put(VERSION).putInt(search).putLong(timeNanos);
    bytes.putLong(position.epoch()).putLong(position.seq()).put(name);
    bytes.putInt(checksum(bytes.array(), bytes.position()));
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
  }

  private static PageToken decode(String text) {
    try {
      if (text.length() > MAX_TEXT) {
        throw unknown();
      }
      byte[] all = Base64.getUrlDecoder().decode(text);
      int end = all.length - Integer.BYTES;
      ByteBuffer bytes = ByteBuffer.wrap(all);
      if (end < 0 || bytes.getInt(end) != checksum(all, end) || bytes.get() != VERSION) {
        throw unknown();
      }
      return decode(bytes, end);
    } catch (InvalidQueryException e) {
      throw e;
    } catch (IllegalArgumentException | BufferUnderflowException e) {
      throw unknown();
    }
  }

  private static PageToken decode(ByteBuffer bytes, int end) {
    int search = bytes.getInt();
    long time = bytes.getLong();
    Position position = new Position(bytes.getLong(), bytes.getLong());
    byte[] name = new byte[end - bytes.position()];
    bytes.get(name);
    return new PageToken(search, time, new String(name, UTF_8), position);
  }

  private static InvalidQueryException unknown() {
    return new InvalidQueryException("page_token", "must be one that a search returned");
  }

  private static int search(TrailQuery query) {
    TrailQuery.Conditions conditions = query.conditions();
    byte[] text = (conditions.sql() + "\n" + conditions.values()).getBytes(UTF_8);
    return checksum(text, text.length);
  }

  private static int checksum(byte[] bytes, int length) {
    CRC32C checksum = new CRC32C();
    checksum.update(bytes, 0, length);
    return (int) checksum.getValue();
  }
}
