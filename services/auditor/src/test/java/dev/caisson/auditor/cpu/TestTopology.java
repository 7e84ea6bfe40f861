package dev.caisson.auditor.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Keys;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.UsageSample;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/**
 * The topology in Kafka Streams' own driver: without a broker, and one record after the other. Who
 * makes it closes it.
 */
final class TestTopology implements AutoCloseable {

  static final CpuSettings SETTINGS =
      new CpuSettings("auditor-0", 0, Duration.ofMinutes(1), Duration.ofMinutes(1));

  private static final String CHANGELOG =
      "caisson-auditor-cpu-" + SampleProcessor.STORE + "-changelog";

  private final MeterRegistry registry;
  private final Path state;
  private final Map<String, byte[]> changelog = new HashMap<>();
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> samples;
  private TestOutputTopic<byte[], byte[]> figures;
  private TestOutputTopic<String, byte[]> changes;

  TestTopology(MeterRegistry registry, Path state) {
    this.registry = registry;
    this.state = state;
    start();
  }

  private void start() {
    driver =
        new TopologyTestDriver(
            CpuTopology.of(new CpuMetrics(registry)),
            CpuStreams.settings(KafkaAccess.of("unused:1", (short) 1), state, SETTINGS));
    ByteArraySerializer bytes = new ByteArraySerializer();
    ByteArrayDeserializer read = new ByteArrayDeserializer();
    samples = driver.createInputTopic(Topic.USAGE.topicName(), bytes, bytes);
    figures = driver.createOutputTopic(Topic.CPU.topicName(), read, read);
    changes = driver.createOutputTopic(CHANGELOG, new StringDeserializer(), read);
  }

  void send(UsageSample message) {
    send(Keys.of(message).getBytes(UTF_8), message.toByteArray());
  }

  void send(byte[] key, byte[] value) {
    samples.pipeInput(key, value);
  }

  /** All that came since the last time. */
  List<TestRecord<byte[], byte[]>> answers() {
    return figures.readRecordsToList();
  }

  /** Ends, and begins again with nothing but the changelog. */
  void restart() {
    changes.readRecordsToList().forEach(record -> changelog.put(record.key(), record.value()));
    driver.close();
    start();
    changelog.forEach(driver.<String, byte[]>getKeyValueStore(SampleProcessor.STORE)::put);
  }

  @Override
  public void close() {
    driver.close();
  }
}
