package dev.caisson.executor.journal;

import java.nio.file.Path;

/** A record that was whole once is not as it was written. */
public final class JournalCorruptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Position position;
  private final String reason;

  JournalCorruptException(Position position, Path file, long offset, String reason) {
    super(
        "Record "
            + position
            + " is corrupt: "
            + reason
            + " ("
            + file.getFileName()
            + ", offset "
            + offset
            + ")");
    this.position = position;
    this.reason = reason;
  }

  /** Why, in words that follow the record. */
  String reason() {
    return reason;
  }

  /** Of the first record that does not hold. */
  public Position position() {
    return position;
  }
}
