package dev.caisson.executor.cgroup;

import java.util.Locale;

/** How the host mounts its cgroups. */
public enum CgroupMode {
  /** Only v1 hierarchies: processes are killed and frozen one by one. */
  V1("since no tree of version 2 is mounted"),
  /** Only the unified hierarchy. */
  V2("since nothing of version 1 is mounted"),
  /**
   * v1 controllers, and a v2 tree for {@code cgroup.kill}, {@code cgroup.freeze} and {@code
   * CLONE_INTO_CGROUP}.
   */
  HYBRID("since controllers of version 1 are mounted, and a tree of version 2"),
  /** Nothing of them may be written to: PID namespaces tell processes apart, without limits. */
  NONE("since no cgroup may be written to");

  private final String why;

  CgroupMode(String why) {
    this.why = why;
  }

  /** Why a host has it: a part of a sentence. */
  String why() {
    return why;
  }

  /** {@code v1}, {@code v2}, {@code hybrid} or {@code none}. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
