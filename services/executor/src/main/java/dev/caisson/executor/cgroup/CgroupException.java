package dev.caisson.executor.cgroup;

import dev.caisson.linux.Errno;
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
    /** The cgroup above has not as much left, beside what others in it have. */
    SHORT,
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

  private CgroupException(
      Kind kind, String operation, Object subject, LinuxException cause, String more) {
    super("Failed to " + operation + " " + subject + ": " + text(cause) + more, cause);
    this.kind = kind;
  }

  /**
   * Of a limit. What each cgroup has of real-time is a part of what the one above has, and all of
   * them together may not have more: __rt_schedulable in kernel/sched/rt.c.
   */
  static CgroupException ofWriting(Setting setting, Object file, LinuxException cause) {
    String operation = "write " + setting.value() + " to";
    boolean realtime =
        setting.file().equals(V1Files.REALTIME_RUNTIME)
            || setting.file().equals(V1Files.REALTIME_PERIOD);
    return realtime && cause.errno() == Errno.EINVAL
        ? new CgroupException(
            Kind.SHORT,
            operation,
            file,
            cause,
            ", since the cgroup above has less real-time left beside what others in it have")
        : new CgroupException(operation, file, cause);
  }

  /**
   * v2: of passing controllers on. Sources: cgroup-v2.rst, "No Internal Process Constraint";
   * cpuset_can_attach() of the kernel, which asks for CAP_SYS_NICE where a process has a capability
   * that the writer has not.
   */
  static CgroupException ofPassing(String all, Object file, LinuxException cause) {
    String operation = "write " + all + " to";
    return switch (cause.errno()) {
      case EBUSY ->
          new CgroupException(
              Kind.FAILED,
              operation,
              file,
              cause,
              ", since processes are in that cgroup: move them into one of its children");
      case EPERM ->
          new CgroupException(
              Kind.FAILED, operation, file, cause, ": the executor needs CAP_SYS_NICE for it");
      default -> new CgroupException(operation, file, cause);
    };
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
