package dev.caisson.executor.cgroup;

import java.util.Locale;

/** How the host mounts its cgroups. */
public enum CgroupMode {
  /** Only v1 hierarchies: processes are killed and frozen one by one. */
  V1,
  /** Only the unified hierarchy. */
  V2,
  /**
   * v1 controllers, and a v2 tree for {@code cgroup.kill}, {@code cgroup.freeze} and {@code
   * CLONE_INTO_CGROUP}.
   */
  HYBRID,
  /** Nothing of them may be written to: PID namespaces tell processes apart, without limits. */
  NONE;

  /** {@code v1}, {@code v2}, {@code hybrid} or {@code none}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
