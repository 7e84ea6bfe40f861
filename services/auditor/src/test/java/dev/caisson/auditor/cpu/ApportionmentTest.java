package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.caisson.auditor.cpu.Verdict.Charged;
import dev.caisson.auditor.cpu.Verdict.Stale;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ApportionmentTest {

  @Test
  void chargesInProportionToGrowth() {
    SandboxAccount account = charge(sample(1, 40, running("a", 10), running("b", 30)));
    assertThat(total(account, "a")).isEqualTo(10);
    assertThat(total(account, "b")).isEqualTo(30);
  }

  @Test
  void chargesOverheadInProportionToo() {
    SandboxAccount account = charge(sample(1, 80, running("a", 10), running("b", 30)));
    assertThat(total(account, "a")).isEqualTo(20);
    assertThat(total(account, "b")).isEqualTo(60);
    assertThat(account.overhead()).isEqualTo(40);
  }

  /**
   * By usage_a × cgroup / Σ usage of all that has been used so far, A would have 20 and then 15.
   */
  @Test
  void theCounterOfAContainerDoesNotFallWhenAnotherBeginsToWork() {
    SandboxAccount account =
        charge(
            sample(1, 20, running("a", 10), running("b", 0)),
            sample(2, 30, running("a", 10), running("b", 10)));
    assertThat(total(account, "a")).isEqualTo(20);
    assertThat(total(account, "b")).isEqualTo(10);
  }

  @Test
  void keepsTheShareOfAnExitedContainer() {
    SandboxAccount account =
        charge(
            sample(1, 20, running("a", 10), running("b", 10)),
            sample(2, 30, exited("a", 15), running("b", 15)),
            sample(3, 40, running("b", 25)));
    assertThat(total(account, "a")).isEqualTo(15);
    assertThat(total(account, "b")).isEqualTo(25);
  }

  @Test
  void chargesAContainerThatExitedSinceTheLastSample() {
    SandboxAccount account = charge(sample(1, 10, exited("a", 7)));
    assertThat(total(account, "a")).isEqualTo(10);
    assertThat(account.unattributed()).isZero();
  }

  @Test
  void dividesEquallyOverTheRunningWhenNoneGrew() {
    SandboxAccount account = charge(sample(1, 5, running("b", 0), running("a", 0), exited("c", 0)));
    assertThat(total(account, "a")).isEqualTo(3);
    assertThat(total(account, "b")).isEqualTo(2);
    assertThat(total(account, "c")).isZero();
  }

  @Test
  void chargesNobodyWhenNoneRuns() {
    SandboxAccount account = charge(sample(1, 5));
    assertThat(account.unattributed()).isEqualTo(5);
  }

  @Test
  void chargesEachItsOwnWithoutACgroup() {
    SandboxAccount account =
        charge(
            new Sample(1, OptionalLong.empty(), 0, List.of(running("a", 10), running("b", 3))),
            new Sample(2, OptionalLong.empty(), 0, List.of(running("a", 12), running("b", 3))));
    assertThat(total(account, "a")).isEqualTo(12);
    assertThat(total(account, "b")).isEqualTo(3);
  }

  @Test
  void chargesNothingTwiceWhenTheCgroupCouldNotBeReadForAWhile() {
    SandboxAccount account =
        charge(
            sample(1, 10, running("a", 10)),
            new Sample(2, OptionalLong.empty(), 0, List.of(running("a", 15))),
            sample(3, 20, running("a", 20)));
    assertThat(account.charged()).isEqualTo(20);
  }

  @Test
  void chargesNothingTwiceWhenTheCgroupCouldNotBeReadAtFirst() {
    SandboxAccount account =
        charge(
            new Sample(1, OptionalLong.empty(), 0, List.of(running("a", 15))),
            sample(2, 20, running("a", 20)));
    assertThat(account.charged()).isEqualTo(20);
  }

  @Test
  void tellsWhatTheCountersSayBesideWhatWasCharged() {
    assertThat(used(SandboxAccount.EMPTY, sample(1, 40, running("a", 10)))).isEqualTo(40);
    Sample withoutCgroup = new Sample(1, OptionalLong.empty(), 0, List.of(running("a", 7)));
    assertThat(used(SandboxAccount.EMPTY, withoutCgroup)).isEqualTo(7);
  }

  @Test
  void goesOnWhenTheCgroupWasMadeAnew() {
    SandboxAccount account =
        charge(
            sample(1, 100, running("a", 100)),
            new Sample(2, OptionalLong.of(7), 1, List.of(running("a", 5))));
    assertThat(total(account, "a")).isEqualTo(107);
    assertThat(account.containers().getFirst().measured()).isEqualTo(105);
  }

  @Test
  void ignoresASampleThatWasCharged() {
    SandboxAccount account = charge(sample(1, 20, running("a", 20)));
    assertThat(Apportionment.charge(account, sample(1, 20, running("a", 20))))
        .isEqualTo(new Stale());
  }

  @Test
  void ignoresAnOlderSample() {
    SandboxAccount account = charge(sample(2, 20, running("a", 20)));
    assertThat(Apportionment.charge(account, sample(1, 10, running("a", 10))))
        .isEqualTo(new Stale());
  }

  @Test
  void reportsALostSample() {
    SandboxAccount account = charge(sample(1, 20, running("a", 20)));
    assertThat(anomalies(account, sample(3, 30, running("a", 30))))
        .containsExactly(Anomaly.SAMPLES_LOST);
  }

  @Test
  void countsAFallenCounterAsNoGrowthAndReportsIt() {
    SandboxAccount account = charge(sample(1, 20, running("a", 20), running("b", 0)));
    Sample fallen = sample(2, 30, running("a", 10), running("b", 1));
    assertThat(anomalies(account, fallen)).containsExactly(Anomaly.CONTAINER_COUNTER_FELL);
    assertThat(total(charged(account, fallen), "a")).isEqualTo(20);
    assertThat(total(charged(account, fallen), "b")).isEqualTo(10);
  }

  @Test
  void countsAFallenCgroupCounterAsNoGrowthAndReportsIt() {
    SandboxAccount account = charge(sample(1, 20, running("a", 20)));
    Sample fallen = sample(2, 15, running("a", 25));
    assertThat(anomalies(account, fallen)).containsExactly(Anomaly.CGROUP_COUNTER_FELL);
    assertThat(charged(account, fallen).charged()).isEqualTo(20);
  }

  @Test
  void reportsAnExitedContainerThatGrew() {
    SandboxAccount account = charge(sample(1, 20, exited("a", 20)));
    Sample grown = sample(2, 30, exited("a", 30));
    assertThat(anomalies(account, grown)).containsExactly(Anomaly.EXITED_CONTAINER_GREW);
    assertThat(total(charged(account, grown), "a")).isEqualTo(20);
    assertThat(charged(account, grown).unattributed()).isEqualTo(10);
  }

  @Test
  void takesAContainerBackThatASampleLeftOut() {
    SandboxAccount account =
        charge(sample(1, 10, running("a", 10)), sample(2, 10), sample(3, 30, running("a", 30)));
    assertThat(total(account, "a")).isEqualTo(30);
  }

  @Test
  void keepsTwoContainersOfOneIdApart() {
    SandboxAccount account =
        charge(
            sample(
                1,
                3,
                new ContainerReading("a", "uid-2", 1, true),
                new ContainerReading("a", "uid-1", 1, false)));
    assertThat(account.containers())
        .extracting(ContainerAccount::uid, ContainerAccount::total)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("uid-1", 2L),
            org.assertj.core.groups.Tuple.tuple("uid-2", 1L));
  }

  @Test
  void retiresTheOldestOfTooManyExitedContainers() {
    List<Sample> samples = new ArrayList<>();
    int count = Apportionment.MAX_EXITED + 3;
    for (int i = 1; i <= count; i++) {
      samples.add(sample(i, i, exited("c%05d".formatted(i), 1)));
    }
    SandboxAccount account = charge(samples.toArray(new Sample[0]));
    assertThat(account.containers()).hasSize(Apportionment.MAX_EXITED);
    assertThat(account.retired()).isEqualTo(3);
    assertThat(account.containers().getFirst().id()).isEqualTo("c00004");
    assertThat(account.charged()).isEqualTo(count);
  }

  @Test
  void refusesAmountsBeyond63Bits() {
    SandboxAccount account = charge(sample(1, Long.MAX_VALUE, running("a", 1)));
    Sample renewed = new Sample(2, OptionalLong.of(1), 1, List.of(running("a", 1)));
    assertThatThrownBy(() -> Apportionment.charge(account, renewed))
        .isInstanceOf(ArithmeticException.class);
  }

  @Test
  void refusesASampleWithTooManyContainers() {
    List<ContainerReading> many = new ArrayList<>();
    for (int i = 0; i <= Sample.MAX_CONTAINERS; i++) {
      many.add(running("c" + i, 1));
    }
    assertThatThrownBy(() -> new Sample(1, OptionalLong.empty(), 0, many))
        .hasMessage("containers must be at most 4096: 4097");
  }

  @Test
  void refusesASampleThatListsAContainerTwice() {
    List<ContainerReading> twice = List.of(running("a", 1), running("a", 2));
    assertThatThrownBy(() -> new Sample(1, OptionalLong.empty(), 0, twice))
        .hasMessage("container_uid must be unique: a");
  }

  @Test
  void refusesACounterBeyond63Bits() {
    assertThatThrownBy(() -> running("a", -1))
        .hasMessage("cpu_nanos must be below 2^63: container a");
  }

  private static SandboxAccount charge(Sample... samples) {
    SandboxAccount account = SandboxAccount.EMPTY;
    for (Sample sample : samples) {
      account = charged(account, sample);
    }
    return account;
  }

  private static SandboxAccount charged(SandboxAccount account, Sample sample) {
    return ((Charged) Apportionment.charge(account, sample)).account();
  }

  private static long used(SandboxAccount account, Sample sample) {
    return ((Charged) Apportionment.charge(account, sample)).used();
  }

  private static List<Anomaly> anomalies(SandboxAccount account, Sample sample) {
    return ((Charged) Apportionment.charge(account, sample)).anomalies();
  }

  private static long total(SandboxAccount account, String id) {
    return account.containers().stream()
        .filter(container -> container.id().equals(id))
        .findFirst()
        .orElseThrow()
        .total();
  }

  private static Sample sample(long seq, long cgroup, ContainerReading... containers) {
    return new Sample(seq, OptionalLong.of(cgroup), 0, List.of(containers));
  }

  private static ContainerReading running(String id, long nanos) {
    return new ContainerReading(id, id, nanos, true);
  }

  private static ContainerReading exited(String id, long nanos) {
    return new ContainerReading(id, id, nanos, false);
  }
}
