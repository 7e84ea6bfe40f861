package dev.caisson.executor.cgroup;

import java.io.IOException;

/** A cgroup that could not be made, read, changed or removed. */
public final class CgroupException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What a caller may want to tell apart. */
  public enum Kind {
    /** There is one of that path already; ours are never shared. */
    EXISTS,
    /** It, or its parent, is not there. */
    MISSING,
    /** Processes would not leave, freeze or thaw in time. */
    BUSY,
    /** Anything else that the kernel refused. */
    FAILED
  }

  private final Kind kind;

  CgroupException(Kind kind, String operation, String subject, String reason) {
    super("Failed to " + operation + " " + subject + ": " + reason);
    this.kind = kind;
  }

  CgroupException(String operation, String subject, IOException cause) {
    super("Failed to " + operation + " " + subject + ": " + ErrnoText.of(cause), cause);
    this.kind = ErrnoText.kind(cause);
  }

  public Kind kind() {
    return kind;
  }
}
