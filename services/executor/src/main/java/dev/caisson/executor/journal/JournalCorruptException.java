package dev.caisson.executor.journal;

import java.nio.file.Path;

/** A record that was whole once is not as it was written. */
public final class JournalCorruptException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Position position;

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
  }

  /** Of the first record that does not hold. */
  public Position position() {
    return position;
  }
}
