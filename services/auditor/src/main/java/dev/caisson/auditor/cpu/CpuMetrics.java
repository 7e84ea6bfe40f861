package dev.caisson.auditor.cpu;

import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;

/** What apportioning tells Prometheus of samples that were not as they should be. */
final class CpuMetrics {

  private final MeterRegistry registry;

  CpuMetrics(MeterRegistry registry) {
    this.registry = registry;
    for (Anomaly anomaly : Anomaly.values()) {
      found(anomaly, 0);
    }
    refused(0);
  }

  void found(Anomaly anomaly) {
    found(anomaly, 1);
  }

  void refused() {
    refused(1);
  }

  private void found(Anomaly anomaly, int count) {
    String kind = anomaly.name().toLowerCase(Locale.ROOT);
    registry.counter("caisson.cpu.anomalies", "kind", kind).increment(count);
  }

  private void refused(int count) {
    registry.counter("caisson.cpu.samples.refused").increment(count);
  }
}
