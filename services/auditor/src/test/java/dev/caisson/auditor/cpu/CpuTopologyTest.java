package dev.caisson.auditor.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.events.Keys;
import dev.caisson.events.Topic;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuTopologyTest {

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private TopologyTestDriver driver;
  private TestInputTopic<byte[], byte[]> samples;
  private TestOutputTopic<byte[], byte[]> figures;

  @BeforeEach
  void start(@TempDir Path state) {
    driver =
        new TopologyTestDriver(
            CpuTopology.of(new CpuMetrics(registry)),
            CpuStreams.settings("unused:1", (short) 1, state));
    samples =
        driver.createInputTopic(
            Topic.USAGE.topicName(), new ByteArraySerializer(), new ByteArraySerializer());
    figures =
        driver.createOutputTopic(
            Topic.CPU.topicName(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
  }

  @Test
  void answersEachSampleWithOneRecordUnderTheSandboxsKey() throws Exception {
    send(sample(1, 100).addContainers(usage("a", 30)).addContainers(usage("b", 10)));
    TestRecord<byte[], byte[]> record = figures.readRecord();
    assertThat(new String(record.key(), UTF_8)).isEqualTo("n1/uid-web");
    CpuApportioned answer = CpuApportioned.parseFrom(record.value());
    assertThat(answer.getCgroupNanos()).isEqualTo(100);
    assertThat(answer.getOverheadNanos()).isEqualTo(60);
    assertThat(answer.getTenant()).isEqualTo("default");
    assertThat(answer.getSandboxSeq()).isEqualTo(1);
    assertThat(answer.getContainersList())
        .extracting(ContainerCpu::getContainerId, ContainerCpu::getTotalNanos)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("a", 75L),
            org.assertj.core.groups.Tuple.tuple("b", 25L));
    assertThat(figures.isEmpty()).isTrue();
  }

  @Test
  void goesOnFromTheAccount() throws Exception {
    send(sample(1, 100).addContainers(usage("a", 100)));
    send(sample(2, 150).addContainers(usage("a", 150)));
    figures.readValue();
    ContainerCpu container = CpuApportioned.parseFrom(figures.readValue()).getContainers(0);
    assertThat(container.getTotalNanos()).isEqualTo(150);
    assertThat(container.getDeltaNanos()).isEqualTo(50);
  }

  @Test
  void keepsSandboxesApart() throws Exception {
    send(sample(1, 100).addContainers(usage("a", 100)));
    send(sample(1, 7).setSandboxUid("uid-db").addContainers(usage("a", 7)));
    figures.readValue();
    assertThat(CpuApportioned.parseFrom(figures.readValue()).getCgroupNanos()).isEqualTo(7);
  }

  @Test
  void answersADuplicateWithNothing() {
    send(sample(1, 100).addContainers(usage("a", 100)));
    send(sample(1, 100).addContainers(usage("a", 100)));
    assertThat(figures.readValuesToList()).hasSize(1);
  }

  @Test
  void marksTheFiguresOfASandboxThatIsGoneFinal() throws Exception {
    send(sample(1, 100).setLast(true).addContainers(usage("a", 100)));
    CpuApportioned answer = CpuApportioned.parseFrom(figures.readValue());
    assertThat(answer.getLast()).isTrue();
    assertThat(answer.getContainers(0).getExited()).isTrue();
  }

  @Test
  void refusesWhatCannotBeChargedAndGoesOn() throws Exception {
    samples.pipeInput("n1/uid-web".getBytes(UTF_8), new byte[] {-1});
    samples.pipeInput("other".getBytes(UTF_8), sample(1, 5).build().toByteArray());
    samples.pipeInput(null, sample(1, 5).build().toByteArray());
    send(sample(1, -5));
    send(sample(1, Long.MAX_VALUE));
    send(sample(2, 5).setCounterEpoch(9));
    send(sample(3, Long.MAX_VALUE));
    assertThat(CpuApportioned.parseFrom(figures.readValue()).getCgroupNanos())
        .isEqualTo(Long.MAX_VALUE);
    assertThat(registry.counter("caisson.cpu.samples.refused").count()).isEqualTo(5);
  }

  @Test
  void countsAnomalies() {
    send(sample(1, 100).addContainers(usage("a", 100)));
    send(sample(3, 90).addContainers(usage("a", 90)));
    assertThat(anomalies("samples_lost")).isEqualTo(1);
    assertThat(anomalies("container_counter_fell")).isEqualTo(1);
    assertThat(anomalies("cgroup_counter_fell")).isEqualTo(1);
    assertThat(anomalies("exited_container_grew")).isZero();
  }

  private double anomalies(String kind) {
    return registry.counter("caisson.cpu.anomalies", "kind", kind).count();
  }

  private void send(UsageSample.Builder sample) {
    UsageSample message = sample.build();
    samples.pipeInput(Keys.of(message).getBytes(UTF_8), message.toByteArray());
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
