package dev.caisson.events;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.TopicConfig;

/**
 * The topics of the record. The number of partitions is part of the contract: to change it moves
 * keys between partitions, and so breaks the order of each sandbox.
 */
public enum Topic {
  /** Every event, byte for byte as journalled. Key: {@link Keys}. */
  EVENTS("caisson.events.v1", 6, allFor(Duration.ofDays(365))),
  /** Usage samples. Key: {@link Keys}. */
  USAGE("caisson.usage.v1", 6, allFor(Duration.ofDays(7))),
  /**
   * Apportioned CPU: one record for each sandbox and sample, so that its parts cannot be torn
   * apart.
   */
  CPU("caisson.cpu.v1", 6, newestForAWeek()),
  /** How far each node's relay is. Key: the node. */
  RELAY("caisson.relay.v1", 1, newestForEver());

  /** From so many copies on, two must have a record. */
  static final int SAFE_REPLICATION = 3;

  private final String topicName;
  private final int partitions;

  @SuppressWarnings("ImmutableEnumChecker") // Made by Map.of only.
  private final Map<String, String> configuration;

  Topic(String topicName, int partitions, Map<String, String> configuration) {
    this.topicName = topicName;
    this.partitions = partitions;
    this.configuration = configuration;
  }

  public String topicName() {
    return topicName;
  }

  public int partitions() {
    return partitions;
  }

  /** The settings that differ from the broker's defaults. */
  public Map<String, String> configuration() {
    return configuration;
  }

  static Topic named(String topicName) {
    return Arrays.stream(values())
        .filter(topic -> topic.topicName.equals(topicName))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("No topic of the record: " + topicName));
  }

  /** Whether only the newest record of each key is kept. */
  boolean compacted() {
    return configuration.getOrDefault(TopicConfig.CLEANUP_POLICY_CONFIG, "").contains("compact");
  }

  /** With three copies, a record is acknowledged when two have it: one broker may fail. */
  NewTopic toCreate(short replication) {
    Map<String, String> settings = new HashMap<>(configuration);
    if (replication >= SAFE_REPLICATION) {
      settings.put(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, "2");
    }
    return new NewTopic(topicName, partitions, replication).configs(settings);
  }

  private static Map<String, String> allFor(Duration retention) {
    return Map.of(
        TopicConfig.CLEANUP_POLICY_CONFIG,
        "delete",
        TopicConfig.RETENTION_MS_CONFIG,
        millis(retention));
  }

  private static Map<String, String> newestForEver() {
    return Map.of(
        TopicConfig.CLEANUP_POLICY_CONFIG,
        "compact",
        TopicConfig.SEGMENT_MS_CONFIG,
        millis(Duration.ofHours(1)),
        TopicConfig.SEGMENT_BYTES_CONFIG,
        Integer.toString(16 << 20),
        TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG,
        "0.1");
  }

  // Small segments: only closed ones are compacted, and what is not compacted is read at every
  // start of a reader.
  private static Map<String, String> newestForAWeek() {
    return Map.of(
        TopicConfig.CLEANUP_POLICY_CONFIG, "compact,delete",
        TopicConfig.RETENTION_MS_CONFIG, millis(Duration.ofDays(7)),
        TopicConfig.SEGMENT_MS_CONFIG, millis(Duration.ofHours(1)),
        TopicConfig.SEGMENT_BYTES_CONFIG, Integer.toString(64 << 20),
        TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG, "0.1");
  }

  private static String millis(Duration duration) {
    return Long.toString(duration.toMillis());
  }
}
