package dev.caisson.auditor.trail;

import java.util.List;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Uuid;

/**
 * Where records come from. Offsets mean nothing in another topic of the same name: that of another
 * Kafka, or one that was deleted and made again.
 *
 * @param id that Kafka gave it when it was made, in its text form; empty where it gives none
 */
record SourceTopic(String name, String id) {

  private static String id(TopicDescription topic) {
    Uuid id = topic.topicId();
    return id.equals(Uuid.ZERO_UUID) ? "" : id.toString();
  }

  /** What there is of a topic now. */
  record Described(SourceTopic topic, List<Integer> partitions) {}

  static Described describe(Admin admin, String name, int timeoutMillis)
      throws ExecutionException, InterruptedException {
    DescribeTopicsOptions options = new DescribeTopicsOptions().timeoutMs(timeoutMillis);
    TopicDescription topic =
        admin
            .describeTopics(List.of(name), options)
            .allTopicNames()
            .get()
            .values()
            .iterator()
            .next();
    return new Described(
        new SourceTopic(name, id(topic)),
        topic.partitions().stream().map(one -> one.partition()).toList());
  }
}
