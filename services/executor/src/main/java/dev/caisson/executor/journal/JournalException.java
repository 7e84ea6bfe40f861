package dev.caisson.executor.journal;

/**
 * The journal cannot be written or read. After a failed write or fsync it refuses everything: what
 * is on disk is unknown.
 */
public final class JournalException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  JournalException(String verb, Object subject, Throwable cause) {
    super("Failed to " + verb + " " + subject + ": " + cause, cause);
  }

  JournalException(String message) {
    super(message);
  }
}
