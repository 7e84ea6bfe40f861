package dev.caisson.bench;

import dev.caisson.events.ClientSettings;
import dev.caisson.events.Topic;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.common.TopicPartition;

/** How much there is in the topics of the record, as the broker has it on its disk. */
final class TopicSizes implements AutoCloseable {
  /** Of the accounts, which Kafka Streams makes and names. */
  static final String CHANGELOG = "caisson-auditor-cpu-accounts-changelog";

  private static final List<String> TOPICS =
      List.of(Topic.EVENTS.topicName(), Topic.USAGE.topicName(), Topic.CPU.topicName(), CHANGELOG);

  private final Admin admin;

  TopicSizes(ClientSettings kafka) {
    this.admin = Admin.create(kafka.admin());
  }

  /**
   * Of one topic.
   *
   * @param offsets of its partitions, summed: records, and two or three marks for each transaction
   */
  record Size(long bytes, long offsets) {}

  Map<String, Size> now() throws ExecutionException, InterruptedException {
    Map<String, Long> bytes = bytes();
    Map<String, Long> offsets = offsets();
    Map<String, Size> sizes = new LinkedHashMap<>();
    for (String topic : TOPICS) {
      sizes.put(topic, new Size(bytes.getOrDefault(topic, 0L), offsets.getOrDefault(topic, 0L)));
    }
    return sizes;
  }

  private Map<String, Long> bytes() throws ExecutionException, InterruptedException {
    Map<String, Long> bytes = new HashMap<>();
    int broker = admin.describeCluster().nodes().get().iterator().next().id();
    admin.describeLogDirs(List.of(broker)).allDescriptions().get().values().stream()
        .flatMap(directories -> directories.values().stream())
        .forEach(directory -> add(directory.replicaInfos(), bytes));
    return bytes;
  }

  private static void add(Map<TopicPartition, ReplicaInfo> replicas, Map<String, Long> bytes) {
    replicas.forEach((partition, info) -> bytes.merge(partition.topic(), info.size(), Long::sum));
  }

  private Map<String, Long> offsets() throws ExecutionException, InterruptedException {
    Map<TopicPartition, OffsetSpec> ends =
        admin.describeTopics(TOPICS).allTopicNames().get().values().stream()
            .flatMap(topic ->
                topic.partitions().stream()
                    .map(one -> new TopicPartition(topic.name(), one.partition())))
            .collect(Collectors.toMap(partition -> partition, _ -> OffsetSpec.latest()));
    Map<String, Long> offsets = new HashMap<>();
    for (Map.Entry<TopicPartition, ListOffsetsResultInfo> end :
        admin.listOffsets(ends).all().get().entrySet()) {
      offsets.merge(end.getKey().topic(), end.getValue().offset(), Long::sum);
    }
    return offsets;
  }

  /** Bytes of each record that came in between; with its part of what marks transactions. */
  static Map<String, Double> each(Map<String, Size> before, Map<String, Size> after) {
    Map<String, Double> each = new LinkedHashMap<>();
    after.forEach((topic, to) -> {
      Size from = before.getOrDefault(topic, new Size(0, 0));
      long records = Math.max(1, to.offsets() - from.offsets());
      each.put(topic, (double) (to.bytes() - from.bytes()) / records);
    });
    return each;
  }

  @Override
  public void close() {
    admin.close();
  }
}
