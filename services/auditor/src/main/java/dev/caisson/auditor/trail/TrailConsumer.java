package dev.caisson.auditor.trail;

import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Reads the events' topic into the trail. Where it is, is in the database and not in Kafka: on
 * assignment it seeks there. Used by one thread; anything thrown means to make a new one.
 */
final class TrailConsumer {

  private static final Duration POLL = Duration.ofMillis(500);

  private final Consumer<byte[], byte[]> consumer;
  private final SourceTopic topic;
  private final Supplier<SourceTopic> present;
  private final TrailOffsets offsets;
  private final TrailWriter writer;
  private final TrailMetrics metrics;

  // What the database holds for each assigned partition.
  private final Map<TopicPartition, Long> stored = new HashMap<>();

  TrailConsumer(
      Consumer<byte[], byte[]> consumer,
      SourceTopic topic,
      Supplier<SourceTopic> present,
      TrailOffsets offsets,
      TrailWriter writer,
      TrailMetrics metrics) {
    this.consumer = consumer;
    this.topic = topic;
    this.present = present;
    this.offsets = offsets;
    this.writer = writer;
    this.metrics = metrics;
  }

  void subscribe() {
    consumer.subscribe(List.of(topic.name()), new SeekToStored());
  }

  /**
   * Looks whether it is the same topic still, and was not deleted and made again.
   *
   * @throws KafkaException when it is another, or cannot be asked for now
   */
  void requireSameTopic() {
    if (!present.get().equals(topic)) {
      throw new KafkaException(topic.name() + " was made anew, and is read from its beginning");
    }
  }

  /** Reads once, and stores what came. */
  void poll() throws SQLException {
    TrailIntake intake = new TrailIntake(topic);
    consumer.poll(POLL).forEach(intake::add);
    List<PartitionOffset> moved = moved();
    if (!moved.isEmpty()) {
      metrics.stored(writer.store(intake.batch(moved)));
      moved.forEach(offset ->
          stored.put(new TopicPartition(offset.topic().name(), offset.partition()), offset.next()));
    }
    metrics.lagging(lag());
  }

  // Also past what is no record, as the end of a transaction: whoever waits for the end of a
  // partition waits for that.
  private List<PartitionOffset> moved() {
    List<PartitionOffset> moved = new ArrayList<>();
    for (TopicPartition partition : consumer.assignment()) {
      long before = stored.getOrDefault(partition, 0L);
      long next = consumer.position(partition);
      if (next != before) {
        moved.add(new PartitionOffset(topic, partition.partition(), before, next));
      }
    }
    return moved;
  }

  private long lag() {
    return consumer.assignment().stream()
        .mapToLong(partition -> consumer.currentLag(partition).orElse(0))
        .sum();
  }

  private final class SeekToStored implements ConsumerRebalanceListener {

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
      requireSameTopic();
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
        return offsets.next(topic, partition.partition());
      } catch (SQLException e) {
        throw new KafkaException("Failed to read the offset of " + partition, e);
      }
    }
  }
}
