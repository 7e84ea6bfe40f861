package dev.caisson.executor.cgroup;

/** Something that systemd did not do. */
public final class SystemdException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** What a caller may want to tell apart. */
  public enum Kind {
    /** There is a unit of that name. */
    EXISTS,
    /** There is no unit of that name. */
    GONE,
    /** Nobody answers. */
    UNREACHABLE,
    /** Anything else. */
    FAILED
  }

  private final Kind kind;

  /**
   * One that nothing else has caused.
   *
   * @param sentence that says what to do, where somebody can do something
   */
  public SystemdException(Kind kind, String sentence) {
    super(sentence);
    this.kind = kind;
  }

  /** The same with its cause. */
  public SystemdException(Kind kind, String sentence, Throwable cause) {
    super(sentence, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }
}
