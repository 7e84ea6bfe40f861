package dev.caisson.auditor.cpu;

import dev.caisson.auditor.kafka.Worker;
import dev.caisson.events.KafkaAccess;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/**
 * Apportions CPU time, and keeps the committed figures at hand. Thread-safe; who starts it closes
 * it.
 */
public final class CpuService implements AutoCloseable {

  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Worker charging;
  private final Worker reading;
  private final CpuTable table;
  private final CpuHistory history;

  private CpuService(Worker charging, Worker reading, CpuTable table, CpuHistory history) {
    this.charging = charging;
    this.reading = reading;
    this.table = table;
    this.history = history;
  }

  /**
   * Starts, whether Kafka is there yet or not.
   *
   * @param state a directory for what Kafka Streams keeps
   */
  public static CpuService start(
      KafkaAccess kafka, Path state, CpuSettings settings, MeterRegistry registry) {
    CpuTable table = new CpuTable();
    CpuHistory history = new CpuHistory(settings.history(), InstantSource.system());
    CpuSeries series = new CpuSeries(registry, InstantSource.system(), settings.seriesKept());
    table.listen(history::put);
    table.listen(series::update);
    return new CpuService(
        Worker.start("cpu-charging", CpuStreams.opening(kafka, state, settings, registry), PAUSE),
        Worker.start("cpu-reading", CpuReader.opening(kafka, table, series::removeSilent), PAUSE),
        table,
        history);
  }

  public CpuTable table() {
    return table;
  }

  public CpuHistory history() {
    return history;
  }

  public List<Worker> workers() {
    return List.of(charging, reading);
  }

  @Override
  public void close() {
    reading.close();
    charging.close();
  }
}
