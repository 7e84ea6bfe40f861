package dev.caisson.executor.journal;

/**
 * A refusal: the journal is full and the mode is fail-closed. Nothing was recorded, and nothing
 * must be done.
 */
public final class JournalFullException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private JournalFullException(String message) {
    super(message);
  }

  static JournalFullException ofDisk() {
    return new JournalFullException(
        "The disk of the executor's data directory is full: nothing new is started until there is"
            + " room");
  }

  JournalFullException(long bytes, long maxBytes) {
    this(
        "The journal is full ("
            + bytes
            + " of "
            + maxBytes
            + " bytes): nothing new is started until the relay has caught up");
  }
}
