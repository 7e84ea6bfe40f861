package dev.caisson.executor.plan;

import dev.caisson.executor.refusal.Refusal;
import java.util.stream.Stream;

/** What becomes of a system call, by OCI's names: config-linux.md, "Seccomp". */
public enum FilterAction {
  SCMP_ACT_KILL(false),
  SCMP_ACT_KILL_PROCESS(false),
  SCMP_ACT_KILL_THREAD(false),
  SCMP_ACT_TRAP(false),
  SCMP_ACT_ERRNO(false),
  // The last four carry the call out, or let somebody else decide on that.
  SCMP_ACT_TRACE(true),
  SCMP_ACT_ALLOW(true),
  SCMP_ACT_LOG(true),
  SCMP_ACT_NOTIFY(true);

  private final boolean passes;

  FilterAction(boolean passes) {
    this.passes = passes;
  }

  /** Whether the kernel may carry the call out. */
  public boolean passes() {
    return passes;
  }

  /** Whether an errno can be said with it. */
  public boolean carriesErrno() {
    return this == SCMP_ACT_ERRNO || this == SCMP_ACT_TRACE;
  }

  /** Of a field of the specification. */
  public static FilterAction named(String field, String name) {
    return Stream.of(values())
        .filter(action -> action.name().equals(name))
        .findFirst()
        .orElseThrow(
            () -> Refusal.invalid(field, "be an action, as in SCMP_ACT_ERRNO", name).exception());
  }
}
