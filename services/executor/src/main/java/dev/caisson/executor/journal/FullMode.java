package dev.caisson.executor.journal;

/** What happens to new work when the journal is full. */
public enum FullMode {
  /** It is refused. */
  FAIL_CLOSED,
  /** It goes on unrecorded, and a Gap tells how much was not recorded. */
  FAIL_OPEN
}
