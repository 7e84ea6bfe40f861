package dev.caisson.executor.cgroup;

import dev.caisson.linux.LinuxException;

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

  CgroupException(String operation, Object subject, LinuxException cause) {
    super("Failed to " + operation + " " + subject + ": " + text(cause), cause);
    this.kind = kind(cause);
  }

  CgroupException(String operation, String unit, SystemdException cause) {
    super("Failed to " + operation + " " + unit + ": " + cause.getMessage(), cause);
    this.kind = cause.kind() == SystemdException.Kind.EXISTS ? Kind.EXISTS : Kind.FAILED;
  }

  static String text(LinuxException failure) {
    return failure.errno().name() + " (" + failure.errno().number() + ")";
  }

  private static Kind kind(LinuxException failure) {
    return switch (failure.errno()) {
      case EEXIST -> Kind.EXISTS;
      case ENOENT -> Kind.MISSING;
      case EBUSY, ENOTEMPTY -> Kind.BUSY;
      default -> Kind.FAILED;
    };
  }

  public Kind kind() {
    return kind;
  }
}
