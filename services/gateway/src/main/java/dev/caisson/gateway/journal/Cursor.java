package dev.caisson.gateway.journal;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.journal.v1.Position;
import dev.caisson.proto.v1.Reason;
import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A place in the journal, after a record. As text {@code epoch.seq}, both unsigned. */
public record Cursor(long epoch, long seq) implements Comparable<Cursor> {
  /** Before the oldest record that is kept. */
  public static final Cursor BEGIN = new Cursor(0, 0);

  /** Behind all that there can be. */
  static final Cursor AFTER_ALL = new Cursor(-1, -1);

  private static final Comparator<Cursor> ORDER =
      Comparator.comparing(Cursor::epoch, Long::compareUnsigned)
          .thenComparing(Cursor::seq, Long::compareUnsigned);

  private static final Pattern TEXT = Pattern.compile("([0-9]{1,20})\\.([0-9]{1,20})");

  public static Cursor of(Position position) {
    return new Cursor(position.getEpoch(), position.getSeq());
  }

  /**
   * Reads what an earlier response carried.
   *
   * @param text {@code begin}, or what {@link #toString} gave
   */
  public static Cursor parse(String text) {
    if (text.equals("begin")) {
      return BEGIN;
    }
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) {
      throw refusal(text);
    }
    try {
      return new Cursor(
          Long.parseUnsignedLong(parts.group(1)), Long.parseUnsignedLong(parts.group(2)));
    } catch (NumberFormatException beyondRange) {
      throw refusal(text);
    }
  }

  Position position() {
    return Position.newBuilder().setEpoch(epoch).setSeq(seq).build();
  }

  @Override
  public int compareTo(Cursor other) {
    return ORDER.compare(this, other);
  }

  @Override
  public String toString() {
    return Long.toUnsignedString(epoch) + "." + Long.toUnsignedString(seq);
  }

  private static RuntimeException refusal(String text) {
    return Errors.invalid(
        Reason.INVALID_CURSOR,
        "cursor",
        "be empty, begin, or what an earlier response carried",
        text);
  }
}
