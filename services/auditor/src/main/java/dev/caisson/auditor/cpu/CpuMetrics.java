package dev.caisson.auditor.cpu;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What apportioning tells Prometheus: of samples that were not as they should be, and of which
 * partitions' accounts this auditor has. Thread-safe.
 */
final class CpuMetrics {

  private final MeterRegistry registry;
  private final AtomicInteger active;
  private final AtomicInteger standby;

  CpuMetrics(MeterRegistry registry) {
    this.registry = registry;
    for (Anomaly anomaly : Anomaly.values()) {
      found(anomaly, 0);
    }
    refused(0);
    active = partitions("active");
    standby = partitions("standby");
  }

  /**
   * Of how many partitions there are accounts here.
   *
   * @param ofOwn those of which this auditor charges the samples
   * @param ofOthers those of which another auditor charges the samples, and this one has a copy
   */
  void partitions(int ofOwn, int ofOthers) {
    active.set(ofOwn);
    standby.set(ofOthers);
  }

  void found(Anomaly anomaly) {
    found(anomaly, 1);
  }

  void refused() {
    refused(1);
  }

  private AtomicInteger partitions(String kind) {
    AtomicInteger count = new AtomicInteger();
    Gauge.builder("caisson.cpu.partitions", count, AtomicInteger::get)
        .description("Partitions of which this auditor has the accounts")
        .tag("kind", kind)
        .register(registry);
    return count;
  }

  private void found(Anomaly anomaly, int count) {
    String kind = anomaly.name().toLowerCase(Locale.ROOT);
    registry.counter("caisson.cpu.anomalies", "kind", kind).increment(count);
  }

  private void refused(int count) {
    registry.counter("caisson.cpu.samples.refused").increment(count);
  }
}
