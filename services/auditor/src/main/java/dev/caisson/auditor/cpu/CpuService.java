package dev.caisson.auditor.cpu;

import dev.caisson.auditor.kafka.Worker;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
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

  private CpuService(Worker charging, Worker reading, CpuTable table) {
    this.charging = charging;
    this.reading = reading;
    this.table = table;
  }

  /**
   * Starts, whether Kafka is there yet or not.
   *
   * @param replication of topics that must be made; -1: the broker's default
   * @param state a directory for what Kafka Streams keeps
   */
  public static CpuService start(
      String bootstrapServers, short replication, Path state, MeterRegistry registry) {
    CpuTable table = new CpuTable();
    table.listen(new CpuSeries(registry)::update);
    return new CpuService(
        Worker.start(
            "cpu-charging",
            CpuStreams.opening(bootstrapServers, replication, state, registry),
            PAUSE),
        Worker.start("cpu-reading", CpuReader.opening(bootstrapServers, replication, table), PAUSE),
        table);
  }

  public CpuTable table() {
    return table;
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
