package dev.caisson.auditor.cpu;

import dev.caisson.events.Topic;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/**
 * From usage samples to what each container is charged. The accounts are kept in memory and in a
 * changelog, which is read at start: what keeps them on disk is native code, which this service may
 * not run.
 */
final class CpuTopology {

  // Small segments: only closed ones are compacted, and all that is not is read at every start.
  private static final Map<String, String> CHANGELOG =
      Map.of(
          TopicConfig.SEGMENT_MS_CONFIG, Long.toString(Duration.ofHours(1).toMillis()),
          TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(16 << 20),
          TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG, "0.1");

  private CpuTopology() {}

  /**
   * The topology.
   *
   * @param silentKept how long after its last sample a sandbox is kept that has not ended
   */
  static Topology of(CpuMetrics metrics, Duration silentKept) {
    Topology topology = new Topology();
    topology.addSource(
        "samples",
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer(),
        Topic.USAGE.topicName());
    topology.addProcessor("charge", () -> new SampleProcessor(metrics, silentKept), "samples");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(SampleProcessor.STORE),
                Serdes.String(),
                Serdes.ByteArray())
            .withLoggingEnabled(CHANGELOG),
        "charge");
    topology.addSink(
        "figures",
        Topic.CPU.topicName(),
        new ByteArraySerializer(),
        new ByteArraySerializer(),
        "charge");
    return topology;
  }
}
