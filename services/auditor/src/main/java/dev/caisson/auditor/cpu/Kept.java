package dev.caisson.auditor.cpu;

/** What is kept under one key. Times are milliseconds since 1970. */
sealed interface Kept {

  /** An account in the first version of the form, which does not say when it was written. */
  long UNKNOWN = -1;

  /** When it was written: the time that the partition's records had come to. */
  long written();

  /** A sandbox that lives, for all that is known. */
  record Living(SandboxAccount account, long written) implements Kept {}

  /**
   * A sandbox whose last sample was charged: what it takes to know samples that come again, or
   * late.
   *
   * @param seq of the last sample
   * @param time of the last sample, by the node's clock
   */
  record Ended(long seq, long time, long written) implements Kept {}

  /**
   * Of a node: which of its samples may be of sandboxes whose ends are not kept any more.
   *
   * @param time those that were taken up to then, by the node's clock
   */
  record Forgotten(long time, long written) implements Kept {}
}
