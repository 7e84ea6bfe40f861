package dev.caisson.auditor.trail;

import dev.caisson.auditor.kafka.Worker;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;

/** Keeps the trail up to date. Thread-safe; who starts it closes it. */
public final class TrailService implements AutoCloseable {

  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final String GROUP = "caisson-auditor-trail";

  /** Beyond the usual 500: a transaction of the database costs much more than a record. */
  private static final int RECORDS = 2_000;

  private static final int REQUEST_MILLIS = 10_000;

  /** How often it is looked whether the topic is another one: no rebalance need tell of it. */
  private static final Duration SAME_TOPIC = Duration.ofSeconds(30);

  private final Admin admin;
  private final Worker worker;
  private final Upkeep upkeep;
  private final TrailVerifier verifier;

  private TrailService(Admin admin, Worker worker, Upkeep upkeep, TrailVerifier verifier) {
    this.admin = admin;
    this.worker = worker;
    this.upkeep = upkeep;
    this.verifier = verifier;
  }

  /**
   * Which Kafka, and which of several auditors.
   *
   * @param instance a name that no other auditor has at the same time. A member with a name takes
   *     its predecessor's place at once; without, it waits until the dead one's session runs out
   */
  public record Membership(KafkaAccess kafka, String instance) {}

  /** Starts to read, whether Kafka and the database are there yet or not. */
  public static TrailService start(
      TrailDatabase database,
      Membership membership,
      Enrolment enrolment,
      TrailSettings settings,
      MeterRegistry registry) {
    KafkaAccess kafka = membership.kafka();
    Admin admin = Admin.create(kafka.clients().admin());
    Clock clock = Clock.systemUTC();
    TrailMetrics metrics = new TrailMetrics(registry);
    TrailNodes nodes = new TrailNodes(database);
    TrailOffsets offsets = new TrailOffsets(database);
    Retention dropping = new Retention(database, settings.retention(), clock);
    TrailVerifier verifier =
        new TrailVerifier(
            database,
            new TopicHorizon(TopicEnds.of(admin), offsets, nodes, clock),
            enrolment,
            settings.shortestRetention(),
            clock);
    TrailWatch watch = new TrailWatch(verifier, database, enrolment, new Findings(registry), clock);
    Worker.Opening opening =
        () -> {
          dropping.prepare();
          kafka.topics().prepare(admin, Set.of(Topic.EVENTS));
          SourceTopic topic = events(admin);
          offsets.adopt(topic);
          TrailWriter writer = new TrailWriter(database, enrolment, clock);
          return new Session(membership, topic, () -> events(admin), offsets, writer, metrics);
        };
    return new TrailService(
        admin,
        Worker.start("trail", opening, PAUSE),
        Upkeep.start(nodes, enrolment, metrics.ages(), dropping, watch, settings.verifyEvery()),
        verifier);
  }

  private static SourceTopic events(Admin admin) {
    try {
      return SourceTopic.describe(admin, Topic.EVENTS.topicName(), REQUEST_MILLIS).topic();
    } catch (ExecutionException e) {
      throw new KafkaException("Failed to describe the topic of events", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptException(e);
    }
  }

  public Worker worker() {
    return worker;
  }

  /** To verify what there is now. */
  public TrailVerifier verifier() {
    return verifier;
  }

  @Override
  public void close() {
    worker.close();
    admin.close(Duration.ZERO); // whoever waits for its answers waits no longer
    upkeep.close();
  }

  private static final class Session implements Worker.Session {

    private final KafkaConsumer<byte[], byte[]> kafka;
    private final TrailConsumer consumer;
    private long looked = System.nanoTime();

    Session(
        Membership membership,
        SourceTopic topic,
        Supplier<SourceTopic> present,
        TrailOffsets offsets,
        TrailWriter writer,
        TrailMetrics metrics) {
      Map<String, Object> settings = membership.kafka().clients().committedFollower();
      settings.put(ConsumerConfig.GROUP_ID_CONFIG, GROUP);
      settings.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, membership.instance());
      settings.put(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, RECORDS);
      this.kafka = new KafkaConsumer<>(settings);
      this.consumer = new TrailConsumer(kafka, topic, present, offsets, writer, metrics);
      consumer.subscribe();
    }

    @Override
    public void step() throws SQLException {
      consumer.poll();
      if (System.nanoTime() - looked >= SAME_TOPIC.toNanos()) {
        looked = System.nanoTime();
        consumer.requireSameTopic();
      }
    }

    @Override
    public void close() {
      kafka.close(CloseOptions.timeout(Duration.ZERO));
    }
  }
}
