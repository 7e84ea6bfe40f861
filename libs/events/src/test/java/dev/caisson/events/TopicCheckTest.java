package dev.caisson.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.Test;

class TopicCheckTest {

  private static final Node NODE = new Node(1, "h", 1);

  @Test
  void hasNothingAgainstATopicAsItIsMade() {
    for (Topic topic : Topic.values()) {
      List<ConfigEntry> made =
          topic.configuration().entrySet().stream()
              .map(setting -> new ConfigEntry(setting.getKey(), setting.getValue()))
              .toList();
      TopicCheck check =
          new TopicCheck(topic, description(topic.partitions(), 1), new Config(made));
      assertThat(check.broken()).isEmpty();
      assertThat(check.warnings()).isEmpty();
    }
  }

  @Test
  void findsWhatBreaksThePromises() {
    assertThat(with(Topic.EVENTS, "cleanup.policy", "compact").broken())
        .containsExactly(
            "caisson.events.v1: cleanup.policy must be delete, and is compact: records would be"
                + " removed");
    assertThat(with(Topic.USAGE, "cleanup.policy", "compact,delete").broken()).hasSize(1);
    assertThat(with(Topic.RELAY, "cleanup.policy", "compact,delete").broken().getFirst())
        .contains("relays everything again");
    assertThat(with(Topic.EVENTS, "max.message.bytes", "65536").broken().getFirst())
        .contains("at least 81920");
    assertThat(with(Topic.EVENTS, "max.message.bytes", "81920").broken()).isEmpty();
  }

  @Test
  void warnsOfWhatIsOtherwiseThanDocumented() {
    assertWarns(with(Topic.EVENTS, "retention.ms", "86400000"), "retention.ms must be at least");
    assertWarns(with(Topic.EVENTS, "retention.bytes", "1000"), "retention.bytes must be -1");
    assertWarns(with(Topic.EVENTS, "compression.type", "zstd"), "compression.type must be");
    assertWarns(with(Topic.EVENTS, "unclean.leader.election.enable", "true"), "must be false");
    assertWarns(with(Topic.CPU, "cleanup.policy", "delete"), "must be compact,delete");
    assertThat(with(Topic.EVENTS, "retention.ms", "-1").warnings()).isEmpty();
  }

  @Test
  void warnsOfAnotherNumberOfPartitions() {
    TopicCheck check = new TopicCheck(Topic.EVENTS, description(3, 1), settings("a", "b"));
    assertWarns(check, "it has 3 partitions instead of 6: never change their number");
  }

  @Test
  void warnsWhereOneOfThreeCopiesIsEnough() {
    TopicDescription three = description(6, 3);
    assertWarns(
        new TopicCheck(Topic.EVENTS, three, settings("min.insync.replicas", "1")),
        "min.insync.replicas must be 2, and is 1");
    assertThat(new TopicCheck(Topic.EVENTS, three, settings("min.insync.replicas", "2")).warnings())
        .isEmpty();
  }

  @Test
  void saysWhenItMayNotLook() {
    assertWarns(
        new TopicCheck(Topic.EVENTS, description(6, 1), null), "DescribeConfigs is not allowed");
  }

  private static void assertWarns(TopicCheck check, String of) {
    assertThat(check.broken()).isEmpty();
    assertThat(check.warnings()).singleElement().asString().contains(of);
  }

  private static TopicCheck with(Topic topic, String name, String value) {
    return new TopicCheck(topic, description(topic.partitions(), 1), settings(topic, name, value));
  }

  private static Config settings(Topic topic, String name, String value) {
    String policy = topic.configuration().getOrDefault("cleanup.policy", "delete");
    return name.equals("cleanup.policy")
        ? settings(name, value)
        : new Config(
            List.of(new ConfigEntry("cleanup.policy", policy), new ConfigEntry(name, value)));
  }

  private static Config settings(String name, String value) {
    return new Config(List.of(new ConfigEntry(name, value)));
  }

  private static TopicDescription description(int partitions, int copies) {
    List<Node> nodes = Collections.nCopies(copies, NODE);
    return new TopicDescription(
        "t",
        false,
        IntStream.range(0, partitions)
            .mapToObj(index -> new TopicPartitionInfo(index, NODE, nodes, nodes))
            .toList());
  }
}
