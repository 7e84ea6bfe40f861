package dev.caisson.gateway.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.caisson.events.ClientSettings;
import dev.caisson.events.EventHeaders;
import dev.caisson.events.Topic;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** What a reader of committed records finds in Kafka. */
final class Committed {

  private final ClientSettings clients;

  Committed(ClientSettings clients) {
    this.clients = clients;
  }

  /** Of all events, in order. */
  List<Place> positions() {
    return records(Topic.EVENTS).stream().map(Committed::place).sorted().toList();
  }

  /** Of the events of each key, as they lie in Kafka. */
  Map<String, List<Place>> byKey() {
    return records(Topic.EVENTS).stream()
        .collect(
            Collectors.groupingBy(
                record -> new String(record.key(), UTF_8),
                Collectors.mapping(Committed::place, Collectors.toList())));
  }

  List<ConsumerRecord<byte[], byte[]>> records(Topic topic) {
    return records(topic, clients.committedConsumer());
  }

  /** Those as well that nobody is to see. */
  List<ConsumerRecord<byte[], byte[]>> andUncommitted(Topic topic) {
    return records(topic, uncommitted());
  }

  private List<ConsumerRecord<byte[], byte[]>> records(Topic topic, Map<String, Object> settings) {
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings)) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic.topicName()).stream()
              .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = written(partitions);
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      while (partitions.stream().anyMatch(each -> consumer.position(each) < ends.get(each))) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
      return records;
    }
  }

  /**
   * The ends with what nobody can read yet: a commit is answered before its partitions are told, so
   * that a reader of committed records may find them to end before it.
   */
  private Map<TopicPartition, Long> written(List<TopicPartition> partitions) {
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(uncommitted())) {
      return consumer.endOffsets(partitions);
    }
  }

  private Map<String, Object> uncommitted() {
    Map<String, Object> settings = clients.committedConsumer();
    settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_uncommitted");
    return settings;
  }

  private static Place place(ConsumerRecord<byte[], byte[]> record) {
    return new Place(
        Long.parseLong(EventHeaders.text(record.headers(), EventHeaders.EPOCH).orElseThrow()),
        Long.parseLong(EventHeaders.text(record.headers(), EventHeaders.SEQ).orElseThrow()));
  }
}
