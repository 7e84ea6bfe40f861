package dev.caisson.events;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.DescribeConfigsResult;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * Makes the topics that are missing, and looks at those that are there: an operator may have made
 * them otherwise. Any number of services may do this at the same time. Thread-safe.
 */
public final class TopicPreparation {

  private final short replication;
  private final Map<Topic, List<String>> warnings = new ConcurrentHashMap<>();

  /**
   * For topics with some copies of each partition.
   *
   * @param replication from 1; -1: the broker's default
   */
  public TopicPreparation(short replication) {
    this.replication = replication;
  }

  /** Copies of each partition of topics that must be made; -1: the broker's default. */
  public short replication() {
    return replication;
  }

  /**
   * Makes or checks some topics.
   *
   * @throws UnsuitableTopicException when what the record promises would not hold with a topic as
   *     it is
   * @throws KafkaException when the broker cannot be reached or refuses
   */
  public void prepare(Admin admin, Set<Topic> topics) {
    Map<Topic, TopicDescription> present = describe(admin, topics);
    Set<Topic> missing = EnumSet.copyOf(topics);
    missing.removeAll(present.keySet());
    create(admin, missing);
    missing.forEach(warnings::remove);
    check(present, settings(admin, present.keySet()));
  }

  /** What would better be otherwise with the topics as they are, a sentence each. */
  public List<String> warnings() {
    return warnings.values().stream().flatMap(Collection::stream).sorted().toList();
  }

  private void check(Map<Topic, TopicDescription> present, Map<Topic, Config> settings) {
    List<String> broken = new ArrayList<>();
    present.forEach((topic, description) -> {
      TopicCheck check = new TopicCheck(topic, description, settings.get(topic));
      broken.addAll(check.broken());
      warnings.put(topic, check.warnings());
    });
    if (!broken.isEmpty()) {
      throw new UnsuitableTopicException(broken);
    }
  }

  private static Map<Topic, TopicDescription> describe(Admin admin, Set<Topic> topics) {
    DescribeTopicsResult result =
        admin.describeTopics(topics.stream().map(Topic::topicName).toList());
    Map<Topic, TopicDescription> present = new EnumMap<>(Topic.class);
    result
        .topicNameValues()
        .forEach((name, described) ->
            await(described, UnknownTopicOrPartitionException.class)
                .ifPresent(description -> present.put(Topic.named(name), description)));
    return present;
  }

  private void create(Admin admin, Set<Topic> missing) {
    List<NewTopic> made = missing.stream().map(topic -> topic.toCreate(replication)).toList();
    for (KafkaFuture<Void> created : admin.createTopics(made).values().values()) {
      var _ = await(created, TopicExistsException.class);
    }
  }

  // Who may not ask for the settings of topics goes on without: it is a check, and no need.
  private static Map<Topic, Config> settings(Admin admin, Set<Topic> topics) {
    DescribeConfigsResult result =
        admin.describeConfigs(topics.stream().map(TopicPreparation::resource).toList());
    Map<Topic, Config> settings = new EnumMap<>(Topic.class);
    result
        .values()
        .forEach((resource, described) ->
            await(described, AuthorizationException.class)
                .ifPresent(config -> settings.put(Topic.named(resource.name()), config)));
    return settings;
  }

  private static ConfigResource resource(Topic topic) {
    return new ConfigResource(ConfigResource.Type.TOPIC, topic.topicName());
  }

  /** Empty: there is none, or it failed as expected. */
  private static <T> Optional<T> await(
      KafkaFuture<T> future, Class<? extends KafkaException> expected) {
    try {
      return Optional.ofNullable(future.get());
    } catch (ExecutionException e) {
      if (expected.isInstance(e.getCause())) {
        return Optional.empty();
      }
      throw e.getCause() instanceof KafkaException kafka
          ? kafka
          : new KafkaException("Failed to prepare topics", e.getCause());
    } catch (InterruptedException e) {
      throw new InterruptException(e);
    }
  }
}
