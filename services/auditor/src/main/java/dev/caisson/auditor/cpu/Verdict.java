package dev.caisson.auditor.cpu;

import java.util.List;

/** What came of a sample. */
sealed interface Verdict {

  /** It was charged. */
  record Charged(SandboxAccount account, List<Anomaly> anomalies) implements Verdict {
    public Charged {
      anomalies = List.copyOf(anomalies);
    }
  }

  /** It is one that was charged before, or is older than one that was. */
  record Stale() implements Verdict {}
}
