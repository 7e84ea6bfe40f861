package dev.caisson.auditor.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuTopologyTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private TestTopology topology;

  @BeforeEach
  void start(@TempDir Path state) {
    topology = new TestTopology(registry, state);
  }

  @AfterEach
  void stop() {
    topology.close();
  }

  @Test
  void answersEachSampleWithOneRecordUnderTheSandboxsKey() throws Exception {
    topology.send(
        sample(1, 100).addContainers(usage("a", 30)).addContainers(usage("b", 10)).build());
    TestRecord<byte[], byte[]> record = topology.answers().getFirst();
    assertThat(new String(record.key(), UTF_8)).isEqualTo("n1/uid-web");
    CpuApportioned answer = CpuApportioned.parseFrom(record.value());
    assertThat(answer.getCgroupNanos()).isEqualTo(100);
    assertThat(answer.getOverheadNanos()).isEqualTo(60);
    assertThat(answer.getTenant()).isEqualTo("default");
    assertThat(answer.getSandboxSeq()).isEqualTo(1);
    assertThat(answer.getContainersList())
        .extracting(ContainerCpu::getContainerId, ContainerCpu::getTotalNanos)
        .containsExactly(tuple("a", 75L), tuple("b", 25L));
    assertThat(topology.answers()).isEmpty();
  }

  /**
   * The example of what cumulative formulas get wrong: by usage_a × cgroup / Σ usage, A would have
   * 20 and then 15.
   */
  @Test
  void theCounterOfAContainerDoesNotFallWhenAnotherBeginsToWork() {
    CpuApportioned first =
        answer(sample(1, 20).addContainers(usage("a", 10)).addContainers(usage("b", 0)));
    CpuApportioned second =
        answer(sample(2, 30).addContainers(usage("a", 10)).addContainers(usage("b", 10)));
    assertThat(totals(first)).containsExactly(20L, 0L);
    assertThat(totals(second)).containsExactly(20L, 10L);
  }

  @Test
  void goesOnFromTheAccountAfterARestart() {
    assertThat(totals(answer(sample(1, 100).addContainers(usage("a", 100))))).containsExactly(100L);
    topology.restart();
    CpuApportioned answer = answer(sample(2, 150).addContainers(usage("a", 150)));
    assertThat(totals(answer)).containsExactly(150L);
    assertThat(answer.getContainers(0).getDeltaNanos()).isEqualTo(50);
  }

  @Test
  void keepsSandboxesApart() {
    var _ = answer(sample(1, 100).addContainers(usage("a", 100)));
    CpuApportioned other =
        answer(sample(1, 7).setSandboxUid("uid-db").addContainers(usage("a", 7)));
    assertThat(other.getCgroupNanos()).isEqualTo(7);
  }

  @Test
  void answersADuplicateWithNothing() {
    topology.send(sample(1, 100).addContainers(usage("a", 100)).build());
    topology.send(sample(1, 100).addContainers(usage("a", 100)).build());
    assertThat(topology.answers()).hasSize(1);
  }

  @Test
  void marksTheFiguresOfASandboxThatIsGoneFinal() {
    CpuApportioned answer = answer(sample(1, 100).setLast(true).addContainers(usage("a", 100)));
    assertThat(answer.getLast()).isTrue();
    assertThat(answer.getContainers(0).getExited()).isTrue();
  }

  @Test
  void tellsWhoWasNotInTheSampleFromWhoHasExited() {
    var _ = answer(sample(1, 10).addContainers(usage("a", 10)));
    ContainerCpu missing = answer(sample(2, 10)).getContainers(0);
    assertThat(missing.getUnlisted()).isTrue();
    assertThat(missing.getExited()).isFalse();
    ContainerCpu back = answer(sample(3, 30).addContainers(usage("a", 30))).getContainers(0);
    assertThat(back.getUnlisted()).isFalse();
    assertThat(back.getTotalNanos()).isEqualTo(30);
  }

  @Test
  void refusesWhatCannotBeChargedAndGoesOn() throws Exception {
    topology.send("n1/uid-web".getBytes(UTF_8), new byte[] {-1});
    topology.send("other".getBytes(UTF_8), sample(1, 5).build().toByteArray());
    topology.send(null, sample(1, 5).build().toByteArray());
    topology.send(sample(1, -5).build());
    topology.send(sample(1, Long.MAX_VALUE).build());
    topology.send(sample(2, 5).setCounterEpoch(9).build());
    topology.send(sample(3, Long.MAX_VALUE).build());
    CpuApportioned answer = CpuApportioned.parseFrom(topology.answers().getFirst().value());
    assertThat(answer.getCgroupNanos()).isEqualTo(Long.MAX_VALUE);
    assertThat(registry.counter("caisson.cpu.samples.refused").count()).isEqualTo(5);
  }

  @Test
  void countsAnomalies() {
    topology.send(sample(1, 100).addContainers(usage("a", 100)).build());
    topology.send(sample(3, 90).addContainers(usage("a", 90)).build());
    assertThat(anomalies("samples_lost")).isEqualTo(1);
    assertThat(anomalies("container_counter_fell")).isEqualTo(1);
    assertThat(anomalies("cgroup_counter_fell")).isEqualTo(1);
    assertThat(anomalies("exited_container_grew")).isZero();
  }

  private CpuApportioned answer(UsageSample.Builder sample) {
    topology.send(sample.build());
    try {
      return CpuApportioned.parseFrom(topology.answers().getFirst().value());
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("The answer is not to be read", e);
    }
  }

  private static List<Long> totals(CpuApportioned answer) {
    return answer.getContainersList().stream().map(ContainerCpu::getTotalNanos).toList();
  }

  private double anomalies(String kind) {
    return registry.counter("caisson.cpu.anomalies", "kind", kind).count();
  }

  private static UsageSample.Builder sample(long seq, long cgroup) {
    return UsageSample.newBuilder()
        .setNode("n1")
        .setTenant("default")
        .setSandboxId("web")
        .setSandboxUid("uid-web")
        .setSandboxSeq(seq)
        .setCgroupNanos(cgroup);
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
