package dev.caisson.events;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.Test;

class TopicTest {

  @Test
  void keepsEventsForAYear() {
    assertThat(Topic.EVENTS.configuration()).containsEntry("retention.ms", "31536000000");
  }

  @Test
  void compactsPositionsAndNeverDeletesThem() {
    assertThat(Topic.RELAY.configuration()).containsEntry("cleanup.policy", "compact");
  }

  @Test
  void keepsTheNewestFiguresOfEachSandboxForAWeek() {
    assertThat(Topic.CPU.configuration())
        .containsEntry("cleanup.policy", "compact,delete")
        .containsEntry("retention.ms", "604800000");
  }

  @Test
  void asksTheBrokerForEveryTopicAsItIsDescribed() {
    for (Topic topic : Topic.values()) {
      NewTopic created = topic.toCreate((short) 1);
      assertThat(created.name()).isEqualTo(topic.topicName()).matches("caisson\\.[a-z]+\\.v1");
      assertThat(created.numPartitions()).isEqualTo(topic.partitions()).isPositive();
    }
  }

  @Test
  void asksForASecondCopyWhereThereAreThree() {
    assertThat(Topic.EVENTS.toCreate((short) 3).configs())
        .containsEntry("min.insync.replicas", "2");
    assertThat(Topic.EVENTS.toCreate((short) 1).configs()).doesNotContainKey("min.insync.replicas");
  }
}
