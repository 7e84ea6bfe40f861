package dev.caisson.auditor.cpu;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import dev.caisson.events.Keys;
import dev.caisson.proto.events.v1.ContainerCpu;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuTopologyTest {

  private static final String KEY = "n1/uid-web";

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private TestTopology topology;
  private long passed;

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
    topology.send(sample(4, 5).setSandboxUid("").build());
    topology.send(sample(4, 5).setTime(Timestamp.newBuilder().setSeconds(-1)).build());
    topology.send(sample(4, 5).setTime(Timestamp.newBuilder().setSeconds(1L << 40)).build());
    topology.send(sample(4, 5).setTime(Timestamp.newBuilder().setNanos(1_000_000_000)).build());
    CpuApportioned answer = CpuApportioned.parseFrom(topology.answers().getFirst().value());
    assertThat(answer.getCgroupNanos()).isEqualTo(Long.MAX_VALUE);
    assertThat(refused()).isEqualTo(9);
  }

  @Test
  void keepsLittleOfASandboxThatHasEnded() {
    var _ = answer(sample(1, 10).addContainers(usage("a", 10)));
    int account = topology.changelog().get(KEY).length;
    var _ = answer(sample(2, 20).setLast(true).addContainers(usage("a", 20)));
    assertThat(AccountCodec.decode(topology.changelog().get(KEY))).isInstanceOf(Kept.Ended.class);
    assertThat(topology.changelog().get(KEY).length).isLessThan(account / 2);
  }

  @Test
  void takesNothingAfterTheLastSample() {
    var _ = answer(sample(3, 100).setLast(true).addContainers(usage("a", 100)));
    topology.send(sample(3, 100).setLast(true).addContainers(usage("a", 100)).build());
    topology.send(sample(1, 50).addContainers(usage("a", 50)).build());
    assertThat(topology.answers()).isEmpty();
    topology.restart();
    topology.send(sample(2, 70).addContainers(usage("a", 70)).build());
    assertThat(refused()).isZero();
    topology.send(sample(4, 170).addContainers(usage("a", 170)).build());
    assertThat(refused()).isEqualTo(1);
    assertThat(topology.answers()).isEmpty();
  }

  @Test
  void forgetsASandboxThatHasEndedLongAgo() {
    end("web");
    pass(Accounts.ENDED_KEPT);
    assertThat(topology.changelog().get(KEY)).isNotNull();
    pass(SampleProcessor.FORGETTING);
    assertThat(topology.changelog()).containsEntry(KEY, null);
    assertThat(topology.changelog().get("n1/")).isNotNull();
  }

  @Test
  void chargesNothingTwiceOfASandboxThatWasForgotten() {
    UsageSample.Builder early = sample(1, 60).addContainers(usage("a", 60));
    topology.pass(Duration.ofSeconds(1));
    UsageSample.Builder last = sample(2, 100).setLast(true).addContainers(usage("a", 100));
    var _ = answer(early);
    var _ = answer(last);
    forgetEnded();
    topology.restart();
    topology.send(early.build());
    topology.send(last.build());
    assertThat(topology.answers()).isEmpty();
    assertThat(refused()).isEqualTo(2);
  }

  @Test
  void chargesNewSandboxesOfANodeThatHasForgottenOnes() {
    end("web");
    forgetEnded();
    assertThat(answer(sample(1, 7).setSandboxUid("uid-new")).getCgroupNanos()).isEqualTo(7);
  }

  /** What a relay could not send for days is late at every clock, and comes for the first time. */
  @Test
  void chargesWhatANodeWasLateWithThoughOthersWereForgotten() {
    UsageSample held = sample(1, 7).setNode("n2").setLast(true).build();
    end("web");
    forgetEnded();
    topology.send(held);
    assertThat(topology.answers()).hasSize(1);
  }

  @Test
  void takesNoNewSandboxForAnOldOneAfterANodesClockWasAhead() {
    Timestamp ahead = Timestamp.newBuilder().setSeconds(4_000_000_000L).build();
    var _ = answer(sample(1, 10).setLast(true).setTime(ahead));
    forgetEnded();
    assertThat(answer(sample(1, 7).setSandboxUid("uid-new")).getCgroupNanos()).isEqualTo(7);
  }

  @Test
  void forgetsASandboxThatHasBeenSilentForLongerThanSamplesAreKept() {
    var _ = answer(sample(1, 10));
    pass(Accounts.ENDED_KEPT.multipliedBy(2));
    pass(SampleProcessor.FORGETTING);
    assertThat(answer(sample(2, 30).addContainers(usage("a", 5))).getContainers(0).getDeltaNanos())
        .isEqualTo(20);
    pass(TestTopology.SETTINGS.silentKept());
    pass(SampleProcessor.FORGETTING);
    assertThat(topology.changelog()).containsEntry(KEY, null);
  }

  @Test
  void forgetsWhatItKnowsOfANodeThatIsGone() {
    end("web");
    forgetEnded();
    assertThat(topology.changelog().get("n1/")).isNotNull();
    pass(TestTopology.SETTINGS.silentKept());
    pass(SampleProcessor.FORGETTING);
    assertThat(topology.changelog()).containsEntry("n1/", null);
    assertThat(topology.entries()).isEqualTo(1);
  }

  /** A week of samples is read within a minute: none of it is old. */
  @Test
  void forgetsNothingForHavingBeenReadLate() {
    Instant before = topology.now().minus(Duration.ofDays(30));
    send(sample(1, 10), before);
    send(sample(1, 10).setSandboxUid("uid-db").setLast(true), before);
    topology.pass(SampleProcessor.FORGETTING);
    topology.pass(SampleProcessor.FORGETTING);
    assertThat(topology.changelog().values()).doesNotContainNull();
    send(sample(2, 30), before.plusSeconds(1));
    send(sample(1, 10).setSandboxUid("uid-db").setLast(true), before.plusSeconds(1));
    assertThat(topology.answers()).hasSize(3);
  }

  @Test
  void aRecordFromTheFutureMakesNothingOld() {
    var _ = answer(sample(1, 10));
    send(sample(1, 10).setSandboxUid("uid-db").setLast(true), topology.now().plusSeconds(1L << 32));
    topology.pass(SampleProcessor.FORGETTING);
    topology.pass(SampleProcessor.FORGETTING);
    assertThat(topology.changelog().values()).doesNotContainNull();
    topology.pass(Accounts.ENDED_KEPT);
    assertThat(topology.changelog()).containsEntry("n1/uid-db", null);
  }

  @Test
  void keepsAccountsThatDoNotSayWhenTheyWereWritten() {
    SandboxAccount account = new SandboxAccount(1, new CgroupCounter(0, 0, 10), 10, 0, List.of());
    topology.restore(KEY, UndatedAccounts.encode(account));
    pass(SampleProcessor.FORGETTING);
    Instant dated = topology.now().minus(SampleProcessor.FORGETTING);
    assertThat(AccountCodec.decode(topology.changelog().get(KEY)))
        .isEqualTo(new Kept.Living(account, dated.toEpochMilli()));
    assertThat(answer(sample(2, 15)).getUnattributedNanos()).isEqualTo(15);
  }

  @Test
  void leavesWhatItCannotReadAlone() {
    topology.restore("n1/uid-x", new byte[] {9});
    end("web");
    forgetEnded();
    assertThat(topology.stored("n1/uid-x")).containsExactly(9);
    topology.send(sample(1, 5).setSandboxUid("uid-x").build());
    assertThat(refused()).isEqualTo(1);
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

  private void send(UsageSample.Builder sample, Instant time) {
    UsageSample message = sample.build();
    topology.send(Keys.of(message).getBytes(UTF_8), message.toByteArray(), time);
  }

  private void end(String sandbox) {
    var _ = answer(sample(1, 10).setSandboxUid("uid-" + sandbox).setLast(true));
  }

  private void forgetEnded() {
    pass(Accounts.ENDED_KEPT);
    pass(SampleProcessor.FORGETTING);
    assertThat(topology.changelog()).containsValue(null);
  }

  // Somebody else's sample comes, which tells how late it is; then what is old is looked for.
  private void pass(Duration time) {
    topology.pass(time);
    topology.send(sample(++passed, 1).setNode("n9").setSandboxUid("uid-clock").build());
    topology.answers();
    topology.pass(SampleProcessor.FORGETTING);
  }

  private double refused() {
    return registry.counter("caisson.cpu.samples.refused").count();
  }

  private static List<Long> totals(CpuApportioned answer) {
    return answer.getContainersList().stream().map(ContainerCpu::getTotalNanos).toList();
  }

  private double anomalies(String kind) {
    return registry.counter("caisson.cpu.anomalies", "kind", kind).count();
  }

  private UsageSample.Builder sample(long seq, long cgroup) {
    return UsageSample.newBuilder()
        .setNode("n1")
        .setTenant("default")
        .setSandboxId("web")
        .setSandboxUid("uid-web")
        .setSandboxSeq(seq)
        .setTime(Timestamp.newBuilder().setSeconds(topology.now().getEpochSecond()))
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
