package dev.caisson.auditor.cpu;

import dev.caisson.auditor.kafka.Worker;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KafkaStreams.State;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.ThreadMetadata;
import org.apache.kafka.streams.Topology;
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

  // Without a sign of life for this long an auditor is dead, and others go on with its sandboxes.
  private static final Duration SESSION = Duration.ofSeconds(10);

  // How often it is seen whether work can be shared more evenly; 1 min is Kafka's least.
  private static final Duration PROBING = Duration.ofMinutes(1);

  private final KafkaStreams streams;
  private final CpuMetrics metrics;
  private final CountDownLatch ended = new CountDownLatch(1);

  private CpuStreams(KafkaStreams streams, CpuMetrics metrics) {
    this.streams = streams;
    this.metrics = metrics;
  }

  /** What makes the topics that are missing, and then runs. */
  static Worker.Opening opening(
      KafkaAccess kafka, Path state, CpuSettings cpu, MeterRegistry registry) {
    CpuMetrics metrics = new CpuMetrics(registry);
    return () -> {
      kafka.prepare(Topic.USAGE, Topic.CPU);
      Topology topology = CpuTopology.of(metrics, cpu.silentKept());
      return start(new KafkaStreams(topology, settings(kafka, state, cpu)), metrics);
    };
  }

  @Override
  public void step() throws InterruptedException {
    if (ended.await(WATCH.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new KafkaException("Apportioning ended in state " + streams.state());
    }
    count(streams.metadataForLocalThreads());
  }

  @Override
  public void close() {
    streams.close(CLOSE_TIMEOUT);
    count(Set.of());
  }

  private void count(Set<ThreadMetadata> threads) {
    metrics.partitions(
        threads.stream().mapToInt(thread -> thread.activeTasks().size()).sum(),
        threads.stream().mapToInt(thread -> thread.standbyTasks().size()).sum());
  }

  private static CpuStreams start(KafkaStreams streams, CpuMetrics metrics) {
    CpuStreams session = new CpuStreams(streams, metrics);
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

  static Properties settings(KafkaAccess kafka, Path state, CpuSettings cpu) {
    Properties settings = new Properties();
    settings.putAll(kafka.clients().ofStreams());
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "caisson-auditor-cpu");
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, state.toString());
    settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, (int) kafka.topics().replication());
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, COMMIT_INTERVAL.toMillis());
    settings.put(StreamsConfig.POLL_MS_CONFIG, POLL.toMillis());
    settings.put(
        StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG),
        (int) ClientSettings.TRANSACTION_TIMEOUT.toMillis());
    settings.put(StreamsConfig.NUM_STANDBY_REPLICAS_CONFIG, cpu.standbyReplicas());
    settings.put(StreamsConfig.PROBING_REBALANCE_INTERVAL_MS_CONFIG, PROBING.toMillis());
    // A member with a name takes its predecessor's place at once. It does not leave when it ends;
    // others take its place once it has not been heard of for the session's time.
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG), cpu.instance());
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG),
        (int) SESSION.toMillis());
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG),
        (int) SESSION.dividedBy(4).toMillis());
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
    settings.put(
        StreamsConfig.mainConsumerPrefix(ConsumerConfig.FETCH_MAX_WAIT_MS_CONFIG),
        (int) ClientSettings.FOLLOWING_WAIT.toMillis());
    return settings;
  }
}
