package dev.caisson.auditor.trail;

import dev.caisson.events.Topic;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Where the topic of events ends now, open transactions included.
 *
 * @param next the offset of each partition's next record
 */
record TopicEnds(SourceTopic topic, Map<Integer, Long> next) {
  private static final int REQUEST_MILLIS = 5_000;

  /** Asks Kafka each time; empty: it is away. */
  static Supplier<Optional<TopicEnds>> of(Admin admin) {
    return () -> {
      try {
        return Optional.of(ask(admin));
      } catch (ExecutionException | KafkaException e) {
        return Optional.empty();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    };
  }

  private static TopicEnds ask(Admin admin) throws ExecutionException, InterruptedException {
    SourceTopic.Described described =
        SourceTopic.describe(admin, Topic.EVENTS.topicName(), REQUEST_MILLIS);
    Map<Integer, Long> ends = new HashMap<>();
    admin
        .listOffsets(
            described.partitions().stream()
                .collect(
                    Collectors.toMap(
                        partition -> new TopicPartition(described.topic().name(), partition),
                        _ -> OffsetSpec.latest())),
            new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED).timeoutMs(REQUEST_MILLIS))
        .all()
        .get()
        .forEach((partition, end) -> ends.put(partition.partition(), end.offset()));
    return new TopicEnds(described.topic(), ends);
  }
}
