package dev.caisson.executor.journal;

/** Whether an event may use the journal's reserve. */
public enum Urgency {
  /** It can be refused: its effect has not happened yet. */
  NEW_WORK,
  /** Exits, outcomes, signals, deletions: full must never mean that something cannot be stopped. */
  MUST_RECORD
}
