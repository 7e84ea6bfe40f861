package dev.caisson.linux;

/** A system call that failed: what was attempted, on what, and why. */
public final class LinuxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String operation;
  private final String subject;
  private final Errno errno;

  /**
   * @param operation a verb, as in "mount"
   * @param subject what it was done to, as in "proc on /proc"
   */
  public LinuxException(String operation, String subject, Errno errno) {
    super(
        "Failed to "
            + operation
            + " "
            + subject
            + ": "
            + errno.name()
            + " ("
            + errno.number()
            + ")");
    this.operation = operation;
    this.subject = subject;
    this.errno = errno;
  }

  public String operation() {
    return operation;
  }

  public String subject() {
    return subject;
  }

  public Errno errno() {
    return errno;
  }
}
