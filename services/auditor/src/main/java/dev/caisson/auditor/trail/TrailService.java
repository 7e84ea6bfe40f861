package dev.caisson.auditor.trail;

import dev.caisson.auditor.kafka.Worker;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.TopicCreation;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/** Keeps the trail up to date. Thread-safe; who starts it closes it. */
public final class TrailService implements AutoCloseable {

  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final String GROUP = "caisson-auditor-trail";

  // A member with a name takes its predecessor's place at once; without, it waits until the dead
  // one's session runs out.
  private static final String INSTANCE = "auditor-0";

  private final Admin admin;
  private final Worker worker;
  private final Horizon horizon;

  private TrailService(Admin admin, Worker worker, Horizon horizon) {
    this.admin = admin;
    this.worker = worker;
    this.horizon = horizon;
  }

  /**
   * Starts to read, whether Kafka is there yet or not.
   *
   * @param replication of topics that must be made; -1: the broker's default
   */
  public static TrailService start(
      TrailDatabase database, String bootstrapServers, short replication, MeterRegistry registry) {
    Admin admin = Admin.create(ClientSettings.admin(bootstrapServers));
    Progress progress = new Progress();
    TrailWriter writer = new TrailWriter(database.connections());
    TrailMetrics metrics = new TrailMetrics(registry);
    Worker.Opening opening =
        () -> {
          TopicCreation.createMissing(admin, replication);
          return new Session(bootstrapServers, writer, progress, metrics);
        };
    Horizon horizon =
        new KafkaHorizon(admin, progress, new SettledPositions(database.connections()));
    return new TrailService(admin, Worker.start("trail", opening, PAUSE), horizon);
  }

  public Worker worker() {
    return worker;
  }

  public Horizon horizon() {
    return horizon;
  }

  @Override
  public void close() {
    worker.close();
    admin.close(Duration.ZERO);
  }

  private static final class Session implements Worker.Session {

    private final KafkaConsumer<byte[], byte[]> kafka;
    private final TrailConsumer consumer;
    private final Progress progress;

    Session(String bootstrapServers, TrailWriter writer, Progress progress, TrailMetrics metrics) {
      Map<String, Object> settings = ClientSettings.committedFollower(bootstrapServers);
      settings.put(ConsumerConfig.GROUP_ID_CONFIG, GROUP);
      settings.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, INSTANCE);
      this.kafka = new KafkaConsumer<>(settings);
      this.progress = progress;
      this.consumer = new TrailConsumer(kafka, writer, progress, metrics);
      consumer.subscribe();
    }

    @Override
    public void step() throws SQLException {
      consumer.poll();
    }

    @Override
    public void close() {
      progress.reset(Map.of());
      kafka.close(CloseOptions.timeout(Duration.ZERO));
    }
  }
}
