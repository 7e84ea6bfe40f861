package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Timestamp;
import dev.caisson.auditor.cpu.Histories.History;
import dev.caisson.auditor.cpu.Histories.Taken;
import dev.caisson.auditor.cpu.Kept.Living;
import dev.caisson.auditor.cpu.Verdict.Charged;
import dev.caisson.auditor.cpu.Verdict.Stale;
import dev.caisson.proto.events.v1.ContainerUsage;
import dev.caisson.proto.events.v1.CpuApportioned;
import dev.caisson.proto.events.v1.UsageSample;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigInteger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.streams.test.TestRecord;

/**
 * Plays the lives of many sandboxes, side by side, to three: plain code, the topology, and the
 * plainest reading of the rules. After every sample all have the same numbers, and the invariants
 * hold.
 */
final class Replay {

  /** One sandbox, in plain code and by the rules. */
  private static final class Sandbox {
    private final String uid;
    private final List<Taken> delivered;
    private final Ledger ledger = new Ledger();
    private final Set<String> ended = new HashSet<>();
    private SandboxAccount account = SandboxAccount.EMPTY;
    private boolean gone;

    Sandbox(String uid, History history) {
      this.uid = uid;
      this.delivered = history.delivered();
    }

    /** What the topology is to answer; absent: nothing. */
    Map<String, CpuApportioned> take(Taken taken) {
      if (gone) {
        return Map.of();
      }
      gone = taken.last();
      Sample sample = taken.sample();
      boolean isNew = ledger.charge(sample);
      return switch (Apportionment.charge(account, sample)) {
        case Charged charged -> {
          assertThat(isNew).isTrue();
          holds(charged);
          account = charged.account();
          yield Map.of(uid, Samples.figures(message(uid, taken), charged));
        }
        case Stale _ -> {
          assertThat(isNew).isFalse();
          yield Map.of();
        }
      };
    }

    private void holds(Charged charged) {
      SandboxAccount after = charged.account();
      assertThat(after.charged()).as("sum").isEqualTo(charged.used());
      assertThat(BigInteger.valueOf(charged.used())).isEqualTo(ledger.used);
      assertThat(totals(after)).isEqualTo(ledger.totals);
      assertThat(BigInteger.valueOf(after.unattributed())).isEqualTo(ledger.unattributed);
      assertThat(after.unattributed()).isGreaterThanOrEqualTo(account.unattributed());
      Map<String, ContainerAccount> now = new HashMap<>();
      after.containers().forEach(container -> now.put(container.uid(), container));
      for (ContainerAccount before : account.containers()) {
        ContainerAccount container = now.get(before.uid());
        assertThat(container).as("a container is not forgotten").isNotNull();
        assertThat(container.delta()).isEqualTo(container.total() - before.total());
        assertThat(container.delta()).as("no total falls").isNotNegative();
        if (ended.contains(before.uid())) {
          assertThat(container.delta()).as("the total of one that exited is final").isZero();
        }
      }
      after.containers().stream()
          .filter(container -> container.state() == ContainerAccount.State.EXITED)
          .forEach(container -> ended.add(container.uid()));
    }

    private static Map<Ledger.Container, BigInteger> totals(SandboxAccount account) {
      Map<Ledger.Container, BigInteger> totals = new TreeMap<>();
      account
          .containers()
          .forEach(one ->
              totals.put(
                  new Ledger.Container(one.id(), one.uid()), BigInteger.valueOf(one.total())));
      return totals;
    }

    void restart() {
      Living kept = new Living(account, 1);
      assertThat(AccountCodec.decode(AccountCodec.encode(kept))).isEqualTo(kept);
    }
  }

  // Before a history is over, the ends of those that are shorter have been forgotten.
  private static final Duration ROUND = Accounts.ENDED_KEPT.dividedBy(6);

  private Replay() {}

  /**
   * Fails where they differ.
   *
   * @param restarts after which deliveries the auditor starts again
   */
  static void holds(List<History> histories, Set<Integer> restarts, Path state)
      throws InvalidProtocolBufferException {
    List<Sandbox> sandboxes = new ArrayList<>();
    for (int i = 0; i < histories.size(); i++) {
      sandboxes.add(new Sandbox("sandbox-" + i, histories.get(i)));
    }
    int rounds = sandboxes.stream().mapToInt(one -> one.delivered.size()).max().orElse(0);
    try (TestTopology topology = new TestTopology(new SimpleMeterRegistry(), state)) {
      for (int round = 0; round < rounds; round++) {
        topology.pass(ROUND);
        play(sandboxes, round, topology);
        if (restarts.contains(round)) {
          topology.restart();
          sandboxes.forEach(Sandbox::restart);
        }
      }
    }
  }

  private static void play(List<Sandbox> sandboxes, int round, TestTopology topology)
      throws InvalidProtocolBufferException {
    Map<String, CpuApportioned> expected = new HashMap<>();
    for (Sandbox sandbox : sandboxes) {
      if (round < sandbox.delivered.size()) {
        Taken taken = sandbox.delivered.get(round);
        expected.putAll(sandbox.take(taken));
        topology.send(message(sandbox.uid, taken));
      }
    }
    Map<String, CpuApportioned> answers = new HashMap<>();
    for (TestRecord<byte[], byte[]> record : topology.answers()) {
      CpuApportioned answer = CpuApportioned.parseFrom(record.value());
      assertThat(answers.put(answer.getSandboxUid(), answer)).as("one answer").isNull();
    }
    assertThat(answers.keySet()).isEqualTo(expected.keySet());
    answers.forEach((uid, answer) -> assertThat(answer).isEqualTo(expected.get(uid)));
  }

  private static UsageSample message(String uid, Taken taken) {
    Sample sample = taken.sample();
    UsageSample.Builder message =
        UsageSample.newBuilder()
            .setNode("n1")
            .setEpoch(taken.executorEpoch())
            .setTenant("default")
            .setSandboxId("web")
            .setSandboxUid(uid)
            .setSandboxSeq(sample.seq())
            .setTime(Timestamp.newBuilder().setSeconds(sample.seq()))
            .setCounterEpoch(sample.counterEpoch())
            .setLast(taken.last());
    sample.cgroup().ifPresent(message::setCgroupNanos);
    for (ContainerReading reading : sample.containers()) {
      message.addContainers(
          ContainerUsage.newBuilder()
              .setContainerId(reading.id())
              .setContainerUid(reading.uid())
              .setCpuNanos(reading.nanos())
              .setRunning(reading.running()));
    }
    return message.build();
  }
}
