package dev.caisson.broker;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Prints what a topic of events holds: a line for each committed record, from its CloudEvents
 * headers, in the order of their times. Arguments: the broker's address and the topic.
 */
public final class Tail {
  private static final Duration POLL = Duration.ofMillis(500);
  private static final int USAGE_ERROR = 2;

  /** Records: what a person can look at, and a heap can hold. */
  private static final int BOUND = 100_000;

  private Tail() {}

  public static void main(String[] args) {
    if (args.length != 2) {
      System.err.println("Usage: tail HOST:PORT TOPIC");
      System.exit(USAGE_ERROR);
    }
    List<ConsumerRecord<byte[], byte[]>> records = read(args[0], args[1]);
    records.sort(Comparator.comparing(event -> header(event, "ce_time")));
    records.forEach(event -> System.out.println(line(event)));
  }

  private static List<ConsumerRecord<byte[], byte[]>> read(String address, String topic) {
    List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            properties(address), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(partition -> new TopicPartition(topic, partition.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> end = consumer.endOffsets(partitions);
      while (behind(consumer, end) && records.size() < BOUND) {
        consumer.poll(POLL).forEach(records::add);
      }
    }
    return records;
  }

  private static boolean behind(
      KafkaConsumer<byte[], byte[]> consumer, Map<TopicPartition, Long> end) {
    return end.entrySet().stream()
        .anyMatch(partition -> consumer.position(partition.getKey()) < partition.getValue());
  }

  private static Properties properties(String address) {
    Properties properties = new Properties();
    properties.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, address);
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    return properties;
  }

  private static String line(ConsumerRecord<byte[], byte[]> event) {
    return String.format(
            "%-30s %-52s %s",
            header(event, "ce_time"), header(event, "ce_type"), header(event, "ce_subject"))
        .stripTrailing();
  }

  private static String header(ConsumerRecord<byte[], byte[]> event, String name) {
    Header header = event.headers().lastHeader(name);
    return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
  }
}
