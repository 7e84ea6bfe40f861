package dev.caisson.executor.journal;

/**
 * A refusal: the journal is full and the mode is fail-closed. Nothing was recorded, and nothing
 * must be done.
 */
public final class JournalFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  JournalFullException(long bytes, long maxBytes) {
    super(
        "The journal is full ("
            + bytes
            + " of "
            + maxBytes
            + " bytes): nothing new is started until the relay has caught up");
  }
}
