package dev.caisson.auditor.cpu;

import java.util.List;

/** What came of a sample. */
sealed interface Verdict {

  /**
   * It was charged.
   *
   * @param used what the sandbox has used in all, in nanoseconds, by its counters: {@link
   *     SandboxAccount#charged()} is the same
   */
  record Charged(SandboxAccount account, long used, List<Anomaly> anomalies) implements Verdict {
    public Charged {
      anomalies = List.copyOf(anomalies);
    }
  }

  /** It is one that was charged before, or is older than one that was. */
  record Stale() implements Verdict {}
}
