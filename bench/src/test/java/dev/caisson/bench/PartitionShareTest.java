package dev.caisson.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.SandboxCreated;
import dev.caisson.proto.events.v1.SandboxDeleted;
import dev.caisson.proto.events.v1.UsageSample;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.Test;

class PartitionShareTest {
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final int PARTITION = 3;

  /** 1,000 sandboxes in 8 partitions, each living 10 s. */
  private static final Fleet FLEET = new Fleet(100, 10, Duration.ofSeconds(10), SECOND, SECOND, 8);

  private static final UsageSample SAMPLE =
      UsageSample.newBuilder()
          .setTenant("default")
          .addContainers(ContainerUsage.newBuilder().setContainerId("c"))
          .build();

  private static final RecordedLife LIFE =
      new RecordedLife(
          List.of(
              Event.newBuilder().setSandboxCreated(SandboxCreated.getDefaultInstance()).build(),
              Event.newBuilder().setSandboxDeleted(SandboxDeleted.getDefaultInstance()).build()),
          List.of(SAMPLE, SAMPLE));

  private static List<ProducerRecord<byte[], byte[]>> records(int seconds) {
    PartitionShare share = new PartitionShare(FLEET, LIFE, PARTITION);
    List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
    for (int second = 0; second < seconds; second++) {
      records.addAll(share.next(1, Instant.ofEpochSecond(second)));
    }
    return records;
  }

  private static List<UsageSample> samples(List<ProducerRecord<byte[], byte[]>> records)
      throws InvalidProtocolBufferException {
    List<UsageSample> samples = new ArrayList<>();
    for (ProducerRecord<byte[], byte[]> record : records) {
      if (record.topic().equals(Topic.USAGE.topicName())) {
        samples.add(UsageSample.parseFrom(record.value()));
      }
    }
    return samples;
  }

  @Test
  void countsTheRatesOfAFleet() {
    Fleet fleet = new Fleet(5_000, 200, Duration.ofHours(1), SECOND, SECOND, 512);
    assertThat(fleet.all()).isEqualTo(1_000_000);
    assertThat(fleet.samplesPerSecond()).isEqualTo(1e6);
    assertThat(fleet.eventsPerSecond(18)).isEqualTo(5_000);
    assertThat(fleet.transactionsPerSecond()).isEqualTo(5_000);
    assertThat(fleet.share()).isEqualTo(1_954);
  }

  @Test
  void refusesWhatIsNoFleet() {
    assertThatThrownBy(() -> new Fleet(0, 1, SECOND, SECOND, SECOND, 1))
        .hasMessage("nodes must be from 1 to 99999: 0");
    assertThatThrownBy(() -> new Fleet(1, 1, SECOND, Duration.ZERO, SECOND, 1))
        .hasMessageContaining("above 0");
  }

  @Test
  void hasTheKeysOfItsPartitionAlone() {
    assertThat(records(20))
        .isNotEmpty()
        .allSatisfy(record ->
            assertThat(Utils.toPositive(Utils.murmur2(record.key())) % FLEET.partitions())
                .isEqualTo(PARTITION));
  }

  @Test
  void comesAtTheRatesOfTheFleet() throws InvalidProtocolBufferException {
    List<ProducerRecord<byte[], byte[]>> records = records(20);
    long samples = samples(records).stream().filter(sample -> !sample.getLast()).count();
    int events = records.size() - samples(records).size();
    assertThat(samples).isBetween(20 * 125L - 1, 20 * 125L + 1);
    assertThat(events).isBetween(20 * 25 - 1, 20 * 25 + 1);
  }

  @Test
  void tellsOfEachSandboxInOrderAndOfNoneAfterItsLast() throws InvalidProtocolBufferException {
    Map<String, UsageSample> before = new HashMap<>();
    for (UsageSample sample : samples(records(60))) {
      UsageSample last = before.put(sample.getSandboxUid(), sample);
      assertThat(sample.getSandboxSeq()).isEqualTo(last == null ? 1 : last.getSandboxSeq() + 1);
      if (last != null) {
        assertThat(last.getLast()).isFalse();
        assertThat(sample.getCgroupNanos()).isGreaterThan(last.getCgroupNanos());
      }
    }
    assertThat(before.values().stream().filter(UsageSample::getLast)).isNotEmpty();
    assertThat(before.size()).isGreaterThan(FLEET.share());
  }

  @Test
  void hasTheEventsOfEachNodeNumberedAndWholeLives() throws InvalidProtocolBufferException {
    Map<String, Long> seqs = new HashMap<>();
    Map<String, List<Long>> lives = new HashMap<>();
    for (ProducerRecord<byte[], byte[]> record : records(60)) {
      if (record.topic().equals(Topic.EVENTS.topicName())) {
        Event event = Event.parseFrom(record.value());
        assertThat(event.getSeq()).isEqualTo(seqs.merge(event.getNode(), 1L, Long::sum));
        lives
            .computeIfAbsent(event.getSubject().getSandboxUid(), _ -> new ArrayList<>())
            .add(event.getSandboxSeq());
      }
    }
    assertThat(lives.values())
        .allSatisfy(seq -> assertThat(List.of(1L, 2L)).startsWith(seq.toArray(Long[]::new)));
  }
}
