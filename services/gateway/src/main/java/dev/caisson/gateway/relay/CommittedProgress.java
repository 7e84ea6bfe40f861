package dev.caisson.gateway.relay;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.RelayPosition;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * Reads how far a node's relay is. To be called after its predecessor was fenced, so that nothing
 * is written meanwhile.
 *
 * <p>It reads up to the end as it is, open transactions included. The end that a reader with
 * read_committed is told is not enough: it lies before the first transaction that is open, and that
 * can be another node's, with our last position behind it.
 */
final class CommittedProgress {

  // Other nodes' open transactions are ended by their own timeout.
  private static final Duration PATIENCE =
      ClientSettings.TRANSACTION_TIMEOUT.plus(ClientSettings.CALL_TIMEOUT);

  private static final Duration POLL = Duration.ofMillis(100);

  private CommittedProgress() {}

  static Progress read(ClientSettings clients, Admin admin, String node) {
    try (Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(clients.committedConsumer())) {
      Map<TopicPartition, Long> ends = ends(admin, partitions(consumer));
      consumer.assign(ends.keySet());
      consumer.seekToBeginning(ends.keySet());
      return readUpTo(ends, consumer, node);
    }
  }

  private static Progress readUpTo(
      Map<TopicPartition, Long> ends, Consumer<byte[], byte[]> consumer, String node) {
    Instant deadline = Instant.now().plus(PATIENCE);
    byte[] key = node.getBytes(UTF_8);
    Progress progress = Progress.NONE;
    while (ends.entrySet().stream()
        .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
        if (Arrays.equals(record.key(), key)) {
          progress = decode(record);
        }
      }
      if (Instant.now().isAfter(deadline)) {
        throw new TimeoutException("Another node's transaction keeps " + Topic.RELAY.topicName());
      }
    }
    return progress;
  }

  private static Progress decode(ConsumerRecord<byte[], byte[]> record) {
    try {
      return Progress.of(RelayPosition.parseFrom(record.value()));
    } catch (InvalidProtocolBufferException e) {
      throw new KafkaException("The position at offset " + record.offset() + " is unreadable", e);
    }
  }

  private static List<TopicPartition> partitions(Consumer<?, ?> consumer) {
    return consumer.partitionsFor(Topic.RELAY.topicName()).stream()
        .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
        .toList();
  }

  private static Map<TopicPartition, Long> ends(Admin admin, List<TopicPartition> partitions) {
    Map<TopicPartition, OffsetSpec> latest =
        partitions.stream()
            .collect(Collectors.toMap(partition -> partition, _ -> OffsetSpec.latest()));
    ListOffsetsOptions options = new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED);
    try {
      Map<TopicPartition, Long> ends = new HashMap<>();
      admin
          .listOffsets(latest, options)
          .all()
          .get()
          .forEach((partition, end) -> ends.put(partition, end.offset()));
      return ends;
    } catch (ExecutionException e) {
      throw new KafkaException("Failed to find the end of " + Topic.RELAY.topicName(), e);
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }
}
