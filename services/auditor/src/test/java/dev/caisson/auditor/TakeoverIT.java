package dev.caisson.auditor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.backing.Broker;
import dev.caisson.events.ClientSettings;
import dev.caisson.events.Records;
import dev.caisson.events.Topic;
import dev.caisson.events.TopicPreparation;
import dev.caisson.proto.audit.v1.GetCpuUsageRequest;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.TopicPartition;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two auditors share the work; one is killed, and the other goes on with its sandboxes. */
class TakeoverIT {

  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Duration POLL = Duration.ofMillis(200);
  private static final String GROUP = "caisson-auditor-cpu";

  /** Enough for each of the six partitions to have some. */
  private static final int SANDBOXES = 24;

  private static final int ROUNDS = 30;

  /** The round after which one is killed: what it was charging then is not committed. */
  private static final int KILLED_AFTER = 10;

  @TempDir Path directory;

  private Broker broker;
  private AuditorProcess doomed;
  private AuditorProcess survivor;
  private Admin admin;

  @BeforeEach
  void start() throws Exception {
    broker = Broker.at(directory.resolve("broker"));
    broker.start();
    admin = Admin.create(ClientSettings.of(broker.address()).admin());
    new TopicPreparation((short) 1).prepare(admin, Set.of(Topic.values()));
    doomed = AuditorProcess.start("one", directory.resolve("one"), broker.address());
    survivor = AuditorProcess.start("two", directory.resolve("two"), broker.address());
  }

  @AfterEach
  void stop() {
    if (survivor != null) {
      doomed.close();
      survivor.close();
      admin.close();
    }
    if (broker != null) {
      broker.close();
    }
  }

  @Test
  void goesOnExactlyWhereAnotherWasKilled() {
    Awaitility.await().atMost(PATIENCE).ignoreExceptions().until(this::bothHaveWork);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(ClientSettings.of(broker.address()).transactionalProducer("test"))) {
      producer.initTransactions();
      publish(producer, 1, 1);
      awaitFigures(doomed, 1);
      awaitCopies(survivor, doomed);
      publish(producer, 2, KILLED_AFTER);
      doomed.kill();
      publish(producer, KILLED_AFTER + 1, ROUNDS);
    }
    awaitFigures(survivor, ROUNDS);
    awaitPartitions(survivor, Topic.USAGE.partitions(), 0);
    Map<String, List<CpuApportioned>> committed = committed();
    assertThat(committed).hasSize(SANDBOXES);
    committed.values().forEach(TakeoverIT::assertExact);
  }

  // Each sample was charged once, in order, and no nanosecond was lost on the way.
  private static void assertExact(List<CpuApportioned> figures) {
    assertThat(figures)
        .extracting(CpuApportioned::getSandboxSeq)
        .containsExactlyElementsOf(
            IntStream.rangeClosed(1, ROUNDS).mapToObj(i -> (long) i).toList());
    for (CpuApportioned one : figures) {
      assertThat(one.getCgroupNanos()).isEqualTo(cgroup(one.getSandboxSeq()));
      assertThat(one.getContainersList().stream().mapToLong(ContainerCpu::getTotalNanos).sum())
          .isEqualTo(cgroup(one.getSandboxSeq()));
    }
    // Of 1,000,000,007 each time, in the proportion of 3 to 1: the larger remainder is b's.
    assertThat(figures.getLast().getContainersList())
        .extracting(ContainerCpu::getTotalNanos)
        .containsExactly(750_000_005L * ROUNDS, 250_000_002L * ROUNDS);
  }

  private boolean bothHaveWork() throws Exception {
    var members = admin.describeConsumerGroups(List.of(GROUP)).all().get().get(GROUP).members();
    return members.stream().filter(TakeoverIT::hasWork).count() == 2;
  }

  private static boolean hasWork(MemberDescription member) {
    return !member.assignment().topicPartitions().isEmpty();
  }

  // Each has a copy of what the other charges: it takes over from that.
  private static void awaitCopies(AuditorProcess one, AuditorProcess other) {
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(() -> {
          int active = one.partitions("active");
          assertThat(active).isBetween(1, Topic.USAGE.partitions() - 1);
          assertThat(other.partitions("active")).isEqualTo(Topic.USAGE.partitions() - active);
          assertThat(one.partitions("standby")).isEqualTo(other.partitions("active"));
        });
  }

  private static void awaitPartitions(AuditorProcess auditor, int active, int standby) {
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreExceptions()
        .untilAsserted(() -> {
          assertThat(auditor.partitions("active")).isEqualTo(active);
          assertThat(auditor.partitions("standby")).isEqualTo(standby);
        });
  }

  private static void publish(KafkaProducer<byte[], byte[]> producer, int from, int to) {
    for (int round = from; round <= to; round++) {
      producer.beginTransaction();
      for (int sandbox = 0; sandbox < SANDBOXES; sandbox++) {
        var sent = producer.send(Records.usage("n1", sample("s" + sandbox, round).toByteString()));
        assertThat(sent).isNotNull();
      }
      producer.commitTransaction();
    }
  }

  private static void awaitFigures(AuditorProcess auditor, int round) {
    Awaitility.await()
        .atMost(PATIENCE)
        .ignoreException(StatusRuntimeException.class)
        .untilAsserted(() ->
            assertThat(
                    auditor
                        .client()
                        .getCpuUsage(GetCpuUsageRequest.getDefaultInstance())
                        .getSandboxesList())
                .hasSize(SANDBOXES)
                .allMatch(figures -> figures.getSandboxSeq() >= round));
  }

  private Map<String, List<CpuApportioned>> committed() {
    Map<String, List<CpuApportioned>> committed = new TreeMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(ClientSettings.of(broker.address()).committedConsumer())) {
      List<TopicPartition> partitions =
          IntStream.range(0, Topic.CPU.partitions())
              .mapToObj(i -> new TopicPartition(Topic.CPU.topicName(), i))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      while (ends.entrySet().stream()
          .anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        for (var record : consumer.poll(POLL)) {
          CpuApportioned figures = CpuApportioned.parseFrom(record.value());
          committed.computeIfAbsent(figures.getSandboxUid(), _ -> new ArrayList<>()).add(figures);
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("Figures cannot be read", e);
    }
    return committed;
  }

  private static long cgroup(long round) {
    return round * 1_000_000_007L;
  }

  private static UsageSample sample(String sandbox, int round) {
    return UsageSample.newBuilder()
        .setNode("n1")
        .setTenant("default")
        .setSandboxId(sandbox)
        .setSandboxUid("uid-" + sandbox)
        .setSandboxSeq(round)
        .setCgroupNanos(cgroup(round))
        .addContainers(usage("a", round * 300L))
        .addContainers(usage("b", round * 100L))
        .build();
  }

  private static ContainerUsage usage(String id, long nanos) {
    return ContainerUsage.newBuilder()
        .setContainerId(id)
        .setContainerUid("uid-" + id)
        .setCpuNanos(nanos)
        .setRunning(true)
        .build();
  }
}
