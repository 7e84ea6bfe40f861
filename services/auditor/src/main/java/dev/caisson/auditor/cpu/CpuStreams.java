package dev.caisson.auditor.cpu;

import dev.caisson.auditor.kafka.Worker;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.TopicCreation;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KafkaStreams.State;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;

/**
 * Runs the topology, exactly once: what a sample came to, the account after it and how far the
 * samples were read are one transaction.
 */
final class CpuStreams implements Worker.Session {

  private static final Duration WATCH = Duration.ofMillis(500);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(3);

  // How long figures can be late, at samples of one a second; each commit is a transaction.
  private static final Duration COMMIT_INTERVAL = Duration.ofMillis(500);

  // How long it sleeps when there is nothing: what comes wakes it, a commit that is due does not.
  private static final Duration POLL = Duration.ofMillis(250);

  private final KafkaStreams streams;
  private final CountDownLatch ended = new CountDownLatch(1);

  private CpuStreams(KafkaStreams streams) {
    this.streams = streams;
  }

  /** What makes the topics that are missing, and then runs. */
  static Worker.Opening opening(
      String bootstrapServers, short replication, Path state, MeterRegistry registry) {
    CpuMetrics metrics = new CpuMetrics(registry);
    return () -> {
      try (Admin admin = Admin.create(ClientSettings.admin(bootstrapServers))) {
        TopicCreation.createMissing(admin, replication);
      }
      return start(
          new KafkaStreams(
              CpuTopology.of(metrics), settings(bootstrapServers, replication, state)));
    };
  }

  @Override
  public void step() throws InterruptedException {
    if (ended.await(WATCH.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new KafkaException("Apportioning ended in state " + streams.state());
    }
  }

  @Override
  public void close() {
    streams.close(CLOSE_TIMEOUT);
  }

  private static CpuStreams start(KafkaStreams streams) {
    CpuStreams session = new CpuStreams(streams);
    streams.setUncaughtExceptionHandler(_ -> StreamThreadExceptionResponse.SHUTDOWN_CLIENT);
    streams.setStateListener((now, _) -> session.changed(now));
    streams.start();
    return session;
  }

  private void changed(State now) {
    if (now == State.ERROR || now == State.NOT_RUNNING) {
      ended.countDown();
    }
  }

  static Properties settings(String bootstrapServers, short replication, Path state) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "caisson-auditor-cpu");
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrapServers);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, (int) replication);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_INTERVAL.toMillis());
    settings.put(StreamsConfig.POLL_MS_CONFIG, POLL.toMillis());
    settings.put(StreamsConfig.ENABLE_METRICS_PUSH_CONFIG, false);
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG),
        (int) ClientSettings.TRANSACTION_TIMEOUT.toMillis());
    // A member with a name takes its predecessor's place at once.
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), "auditor-0");
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG),
        (int) ClientSettings.FOLLOWING_WAIT.toMillis());
    return settings;
  }
}
