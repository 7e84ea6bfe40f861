package dev.caisson.auditor.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Keys;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.UsageSample;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.test.TestRecord;

/**
 * The topology in Kafka Streams' own driver: without a broker, and one record after the other. Who
 * makes it closes it.
 */
final class TestTopology implements AutoCloseable {

  static final CpuSettings SETTINGS =
      new CpuSettings(
          "auditor-0", 0, Duration.ofMinutes(1), Duration.ofMinutes(1), Duration.ofDays(8));

  private static final String CHANGELOG =
      "caisson-auditor-cpu-" + SampleProcessor.STORE + "-changelog";

  private final MeterRegistry registry;
  private final Path state;
  private final Map<String, byte[]> changelog = new HashMap<>();
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
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
            CpuTopology.of(new CpuMetrics(registry), SETTINGS.silentKept()),
            CpuStreams.settings(KafkaAccess.of("unused:1", (short) 1), state, SETTINGS),
            now);
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
    send(key, value, now);
  }

  /** One that the producer's clock gives another time. */
  void send(byte[] key, byte[] value, Instant time) {
    samples.pipeInput(key, value, time);
  }

  Instant now() {
    return now;
  }

  /** Time passes, for the records to come and for the auditor. */
  void pass(Duration time) {
    now = now.plus(time);
    driver.advanceWallClockTime(time);
  }

  /** All that came since the last time. */
  List<TestRecord<byte[], byte[]>> answers() {
    return figures.readRecordsToList();
  }

  /** The newest value of each key that the changelog has had; null: a tombstone. */
  Map<String, byte[]> changelog() {
    changes.readRecordsToList().forEach(record -> changelog.put(record.key(), record.value()));
    return changelog;
  }

  /** How many entries there are in the store. */
  long entries() {
    return store().approximateNumEntries();
  }

  byte[] stored(String key) {
    return store().get(key);
  }

  /** As if an auditor of before, or another, had written it. */
  void restore(String key, byte[] value) {
    store().put(key, value);
  }

  /** Ends, and begins again with nothing but the changelog. */
  void restart() {
    Map<String, byte[]> restored = Map.copyOf(living(changelog()));
    driver.close();
    start();
    restored.forEach(store()::put);
  }

  // What compaction leaves of it.
  private static Map<String, byte[]> living(Map<String, byte[]> changelog) {
    Map<String, byte[]> living = new HashMap<>(changelog);
    living.values().removeIf(Objects::isNull);
    return living;
  }

  private KeyValueStore<String, byte[]> store() {
    return driver.getKeyValueStore(SampleProcessor.STORE);
  }

  @Override
  public void close() {
    driver.close();
  }
}
