package dev.caisson.auditor.cpu;

import dev.caisson.events.Topic;
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

  private CpuTopology() {}

  static Topology of(CpuMetrics metrics) {
    Topology topology = new Topology();
    topology.addSource(
        "samples",
        new ByteArrayDeserializer(),
        new ByteArrayDeserializer(),
        Topic.USAGE.topicName());
    topology.addProcessor("charge", () -> new SampleProcessor(metrics), "samples");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore(SampleProcessor.STORE),
            Serdes.String(),
            Serdes.ByteArray()),
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
