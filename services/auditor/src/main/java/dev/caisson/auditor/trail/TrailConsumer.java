package dev.caisson.auditor.trail;

import dev.caisson.events.Topic;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads the events' topic into the trail. Where it is, is in the database and not in Kafka: on
 * assignment it seeks there. Used by one thread; anything thrown means to make a new one.
 */
final class TrailConsumer {

  private static final Duration POLL = Duration.ofMillis(500);

  private final Consumer<byte[], byte[]> consumer;
  private final TrailWriter writer;
  private final Progress progress;
  private final TrailMetrics metrics;

  // What the database holds for each assigned partition.
  private final Map<TopicPartition, Long> stored = new HashMap<>();

  TrailConsumer(
      Consumer<byte[], byte[]> consumer,
      TrailWriter writer,
      Progress progress,
      TrailMetrics metrics) {
    this.consumer = consumer;
    this.writer = writer;
    this.progress = progress;
    this.metrics = metrics;
  }

  void subscribe() {
    consumer.subscribe(List.of(Topic.EVENTS.topicName()), new SeekToStored());
  }

  /** Reads once, and stores what came. */
  void poll() throws SQLException {
    ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
    if (!records.isEmpty()) {
      store(records);
    }
    Map<Integer, Long> positions = new HashMap<>();
    for (TopicPartition partition : consumer.assignment()) {
      positions.put(partition.partition(), consumer.position(partition));
    }
    progress.reset(positions);
    metrics.lagging(lag());
  }

  private void store(ConsumerRecords<byte[], byte[]> records) throws SQLException {
    TrailIntake intake = new TrailIntake();
    List<PartitionOffset> offsets = new ArrayList<>();
    for (TopicPartition partition : records.partitions()) {
      List<ConsumerRecord<byte[], byte[]>> some = records.records(partition);
      some.forEach(intake::add);
      long before = stored.getOrDefault(partition, 0L);
      long next = some.getLast().offset() + 1;
      offsets.add(new PartitionOffset(partition.topic(), partition.partition(), before, next));
    }
    metrics.stored(writer.store(intake.batch(offsets)));
    for (PartitionOffset offset : offsets) {
      stored.put(new TopicPartition(offset.topic(), offset.partition()), offset.next());
    }
  }

  private long lag() {
    return consumer.assignment().stream()
        .mapToLong(partition -> consumer.currentLag(partition).orElse(0))
        .sum();
  }

  private final class SeekToStored implements ConsumerRebalanceListener {

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      for (TopicPartition partition : partitions) {
        OptionalLong next = nextOffset(partition);
        stored.put(partition, next.orElse(0));
        next.ifPresentOrElse(
            offset -> consumer.seek(partition, offset),
            () -> consumer.seekToBeginning(List.of(partition)));
      }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
      partitions.forEach(stored::remove);
    }

    private OptionalLong nextOffset(TopicPartition partition) {
      try {
        return writer.nextOffset(partition.topic(), partition.partition());
      } catch (SQLException e) {
        throw new KafkaException("Failed to read the offset of " + partition, e);
      }
    }
  }
}
