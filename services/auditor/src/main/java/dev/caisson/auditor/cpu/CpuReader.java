package dev.caisson.auditor.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.kafka.Worker;
import dev.caisson.events.KafkaAccess;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.CpuApportioned;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads what apportioning has committed into the table, from the beginning at each start: the topic
 * is compacted.
 */
final class CpuReader implements Worker.Session {

  private static final Logger LOG = LoggerFactory.getLogger(CpuReader.class);
  private static final Duration POLL = Duration.ofMillis(500);

  private final Consumer<byte[], byte[]> consumer;
  private final CpuTable table;
  private final Runnable after;

  CpuReader(Consumer<byte[], byte[]> consumer, CpuTable table, Runnable after) {
    this.consumer = consumer;
    this.table = table;
    this.after = after;
    List<TopicPartition> partitions =
        consumer.partitionsFor(Topic.CPU.topicName()).stream()
            .map(partition -> new TopicPartition(partition.topic(), partition.partition()))
            .toList();
    if (partitions.isEmpty()) {
      throw new KafkaException(Topic.CPU.topicName() + " is not there yet");
    }
    consumer.assign(partitions);
    consumer.seekToBeginning(partitions);
  }

  /**
   * What connects, and makes the topics that are missing.
   *
   * @param after what is done each time when no more has come, at least once a second
   */
  static Worker.Opening opening(KafkaAccess kafka, CpuTable table, Runnable after) {
    return () -> {
      kafka.prepare(Topic.CPU);
      KafkaConsumer<byte[], byte[]> consumer =
          new KafkaConsumer<>(kafka.clients().committedFollower());
      try {
        return new CpuReader(consumer, table, after);
      } catch (KafkaException e) {
        consumer.close();
        throw e;
      }
    };
  }

  @Override
  public void step() {
    consumer.poll(POLL).forEach(this::take);
    after.run();
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(Duration.ZERO));
  }

  private void take(ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      String key = new String(record.key(), UTF_8);
      table.remove(key.substring(key.lastIndexOf('/') + 1));
      return;
    }
    try {
      table.put(CpuApportioned.parseFrom(record.value()));
    } catch (InvalidProtocolBufferException e) {
      LOG.warn("Figures at {}-{} cannot be read", record.partition(), record.offset());
    }
  }
}
