package dev.caisson.events;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.config.TopicConfig;
import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a topic that is there. Broken: a promise of the record would not hold.
 * Warnings: it holds, and yet is not what is documented.
 */
final class TopicCheck {

  /** The longest event, its headers, and the batch that it is in. */
  static final long MIN_MESSAGE_BYTES = JournalRecord.MAX_EVENT_BYTES + (16L << 10);

  private static final Set<String> READABLE = Set.of("producer", "uncompressed", "gzip");

  // What a broker that does not tell a setting has.
  private static final Map<String, String> DEFAULTS =
      Map.of(
          TopicConfig.CLEANUP_POLICY_CONFIG, "delete",
          TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "1048588",
          TopicConfig.RETENTION_MS_CONFIG, "-1",
          TopicConfig.RETENTION_BYTES_CONFIG, "-1",
          TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, "1",
          TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG, "false",
          TopicConfig.COMPRESSION_TYPE_CONFIG, "producer");

  private final Topic topic;
  private final List<String> broken = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  /**
   * Checks at once.
   *
   * @param settings null: they are not known
   */
  TopicCheck(Topic topic, TopicDescription description, @Nullable Config settings) {
    this.topic = topic;
    checkPartitions(description.partitions().size());
    if (settings == null) {
      warn("its settings could not be checked: DescribeConfigs is not allowed");
      return;
    }
    checkCleanup(value(settings, TopicConfig.CLEANUP_POLICY_CONFIG));
    checkMessageBytes(value(settings, TopicConfig.MAX_MESSAGE_BYTES_CONFIG));
    checkKeeping(settings);
    checkCopies(description, settings);
    checkCompression(value(settings, TopicConfig.COMPRESSION_TYPE_CONFIG));
  }

  List<String> broken() {
    return List.copyOf(broken);
  }

  List<String> warnings() {
    return List.copyOf(warnings);
  }

  private void checkPartitions(int partitions) {
    if (partitions != topic.partitions()) {
      warn(
          "it has "
              + partitions
              + " partitions instead of "
              + topic.partitions()
              + ": never change their number, or the order of each sandbox's records is lost");
    }
  }

  private void checkCleanup(String policy) {
    boolean compacts = policy.contains("compact");
    boolean deletes = policy.contains("delete");
    if (compacts && !topic.compacted()) {
      broken(TopicConfig.CLEANUP_POLICY_CONFIG, policy, "delete", "records would be removed");
    }
    if (deletes && topic == Topic.RELAY) {
      broken(
          TopicConfig.CLEANUP_POLICY_CONFIG,
          policy,
          "compact",
          "a relay whose position is deleted relays everything again");
    }
    if (!compacts && topic == Topic.CPU) {
      warn(TopicConfig.CLEANUP_POLICY_CONFIG, policy, "compact,delete");
    }
  }

  private void checkMessageBytes(String bytes) {
    if (Long.parseLong(bytes) < MIN_MESSAGE_BYTES) {
      broken(
          TopicConfig.MAX_MESSAGE_BYTES_CONFIG,
          bytes,
          "at least " + MIN_MESSAGE_BYTES,
          "a long event would stop the relay");
    }
  }

  private void checkKeeping(Config settings) {
    String wanted = topic.configuration().get(TopicConfig.RETENTION_MS_CONFIG);
    String retention = value(settings, TopicConfig.RETENTION_MS_CONFIG);
    boolean forEver = Long.parseLong(retention) < 0;
    if (wanted != null && !forEver && Long.parseLong(retention) < Long.parseLong(wanted)) {
      warn(TopicConfig.RETENTION_MS_CONFIG, retention, "at least " + wanted);
    }
    String bytes = value(settings, TopicConfig.RETENTION_BYTES_CONFIG);
    if (topic == Topic.EVENTS && Long.parseLong(bytes) >= 0) {
      warn(TopicConfig.RETENTION_BYTES_CONFIG, bytes, "-1");
    }
  }

  private void checkCopies(TopicDescription description, Config settings) {
    int copies =
        description.partitions().stream().mapToInt(each -> each.replicas().size()).min().orElse(0);
    String insync = value(settings, TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG);
    if (copies >= Topic.SAFE_REPLICATION && Integer.parseInt(insync) < 2) {
      warn(TopicConfig.MIN_IN_SYNC_REPLICAS_CONFIG, insync, "2");
    }
    String unclean = value(settings, TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG);
    if (unclean.equals("true")) {
      warn(TopicConfig.UNCLEAN_LEADER_ELECTION_ENABLE_CONFIG, unclean, "false");
    }
  }

  private void checkCompression(String type) {
    if (!READABLE.contains(type)) {
      warn(TopicConfig.COMPRESSION_TYPE_CONFIG, type, "producer, uncompressed or gzip");
    }
  }

  private void broken(String setting, String is, String wanted, String why) {
    broken.add(sentence(setting, is, wanted) + ": " + why);
  }

  private void warn(String setting, String is, String wanted) {
    warnings.add(sentence(setting, is, wanted));
  }

  private void warn(String what) {
    warnings.add(topic.topicName() + ": " + what);
  }

  private String sentence(String setting, String is, String wanted) {
    return topic.topicName() + ": " + setting + " must be " + wanted + ", and is " + is;
  }

  private static String value(Config settings, String name) {
    return Optional.ofNullable(settings.get(name))
        .map(ConfigEntry::value)
        .orElse(DEFAULTS.getOrDefault(name, ""));
  }
}
