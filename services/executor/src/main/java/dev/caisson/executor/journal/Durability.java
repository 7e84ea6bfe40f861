package dev.caisson.executor.journal;

/** When a record is safe from the loss of power; from the executor's own death it always is. */
public enum Durability {
  /** Before {@code append} returns; writers at the same time share one fsync. */
  ALWAYS,
  /** Soon after: at the latest after the sync interval, by one fsync for all writers. */
  GROUP
}
