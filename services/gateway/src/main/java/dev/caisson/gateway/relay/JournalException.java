package dev.caisson.gateway.relay;

/** The journal cannot be read on from where the relay is. */
final class JournalException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** Which stream. */
  enum Stream {
    EVENTS,
    USAGE
  }

  private final Stream stream;
  private final Place resumeAfter;

  private JournalException(Stream stream, Place resumeAfter, String message) {
    super(message);
    this.stream = stream;
    this.resumeAfter = resumeAfter;
  }

  /** Records between where the relay is and a place are gone for good. */
  static JournalException notRetained(Stream stream, Place resumeAfter) {
    String message =
        "Records of the journal were deleted before they were relayed; going on after ";
    return new JournalException(stream, resumeAfter, message + resumeAfter);
  }

  /** From where to go on. */
  Progress resumeAfter() {
    return switch (stream) {
      case EVENTS -> Progress.NONE.withEvents(resumeAfter);
      case USAGE -> Progress.NONE.withUsage(resumeAfter);
    };
  }
}
