package dev.caisson.auditor.trail;

import dev.caisson.events.Topic;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Finds the horizon by Kafka's own ends. A record that is in the trail was committed, and with it
 * all that its relay had sent before: they are below the partitions' ends as they are now, open
 * transactions included. So when the consumer has passed those ends, everything up to that record
 * has arrived. While Kafka is away, the last horizon that was proven holds.
 */
final class KafkaHorizon implements Horizon {

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int REQUEST_MILLIS = 5_000;

  private final Admin admin;
  private final Progress progress;
  private final SettledPositions proven;

  KafkaHorizon(Admin admin, Progress progress, SettledPositions proven) {
    this.admin = admin;
    this.progress = progress;
    this.proven = proven;
  }

  @Override
  public Map<String, Position> settled(Map<String, Position> last) throws SQLException {
    Optional<Map<Integer, Long>> ends = ends();
    if (ends.isPresent() && progress.awaitPast(ends.get(), PATIENCE)) {
      proven.save(last);
      return last;
    }
    Map<String, Position> settled = new HashMap<>(last);
    settled.putAll(proven.of(last.keySet()));
    return settled;
  }

  private Optional<Map<Integer, Long>> ends() {
    try {
      Map<Integer, Long> ends = new HashMap<>();
      admin
          .listOffsets(
              partitions().stream()
                  .collect(Collectors.toMap(partition -> partition, _ -> OffsetSpec.latest())),
              new ListOffsetsOptions(IsolationLevel.READ_UNCOMMITTED).timeoutMs(REQUEST_MILLIS))
          .all()
          .get()
          .forEach((partition, end) -> ends.put(partition.partition(), end.offset()));
      return Optional.of(ends);
    } catch (ExecutionException | KafkaException e) {
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  private List<TopicPartition> partitions() throws ExecutionException, InterruptedException {
    String topic = Topic.EVENTS.topicName();
    DescribeTopicsOptions options = new DescribeTopicsOptions().timeoutMs(REQUEST_MILLIS);
    return admin.describeTopics(List.of(topic), options).allTopicNames().get().values().stream()
        .flatMap(description -> description.partitions().stream())
        .map(partition -> new TopicPartition(topic, partition.partition()))
        .toList();
  }
}
