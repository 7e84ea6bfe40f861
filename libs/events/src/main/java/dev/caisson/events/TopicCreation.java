package dev.caisson.events;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicExistsException;

/** Makes the topics that are missing. An existing topic is left as its operator made it. */
public final class TopicCreation {

  private TopicCreation() {}

  /**
   * Any number of services may do this at the same time.
   *
   * @param replication copies of each partition, from 1; -1: the broker's default
   * @throws KafkaException when the broker cannot be reached or refuses
   */
  public static void createMissing(Admin admin, short replication) {
    List<NewTopic> topics =
        Arrays.stream(Topic.values()).map(topic -> topic.toCreate(replication)).toList();
    admin.createTopics(topics).values().values().forEach(TopicCreation::await);
  }

  private static void await(KafkaFuture<Void> created) {
    try {
      created.get();
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new KafkaException("Failed to create topics: " + e.getCause(), e.getCause());
      }
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }
}
