package dev.caisson.auditor.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.caisson.auditor.cpu.Histories.History;
import dev.caisson.auditor.cpu.Histories.Taken;
import dev.caisson.auditor.cpu.Verdict.Charged;
import dev.caisson.auditor.cpu.Verdict.Stale;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class ApportionmentPropertyTest {

  @Property
  void totalsAndUnattributedAreTheCgroupsUsageAfterEverySample(
      @ForAll("historiesOfSoundCounters") History history) {
    SandboxAccount account = SandboxAccount.EMPTY;
    long before = 0;
    long epoch = 0;
    long reading = 0;
    for (Sample sample : accepted(history.samples())) {
      if (sample.counterEpoch() != epoch) {
        before += reading;
        epoch = sample.counterEpoch();
      }
      reading = sample.cgroup().orElseThrow();
      account = charge(account, sample);
      assertThat(account.charged()).isEqualTo(before + reading);
    }
  }

  @Property
  void noTotalEverFalls(@ForAll("histories") History history) {
    Map<String, Long> totals = new HashMap<>();
    long unattributed = 0;
    for (SandboxAccount account : accounts(history.samples())) {
      for (ContainerAccount container : account.containers()) {
        assertThat(container.total())
            .isGreaterThanOrEqualTo(totals.getOrDefault(container.uid(), 0L));
        totals.put(container.uid(), container.total());
      }
      assertThat(account.unattributed()).isGreaterThanOrEqualTo(unattributed);
      unattributed = account.unattributed();
    }
  }

  @Property
  void noContainerIsForgotten(@ForAll("histories") History history) {
    List<String> seen = new ArrayList<>();
    for (SandboxAccount account : accounts(history.samples())) {
      List<String> uids = account.containers().stream().map(ContainerAccount::uid).toList();
      assertThat(uids).containsAll(seen);
      seen = uids;
    }
  }

  @Property
  void theTotalOfAnExitedContainerIsFinal(@ForAll("histories") History history) {
    Map<String, Long> ends = new HashMap<>();
    for (SandboxAccount account : accounts(history.samples())) {
      for (ContainerAccount container : account.containers()) {
        if (container.state() == ContainerAccount.State.EXITED) {
          Long end = ends.putIfAbsent(container.uid(), container.total());
          assertThat(container.total()).isEqualTo(end == null ? container.total() : end);
        }
      }
    }
  }

  @Property
  void replayGivesTheSame(@ForAll("histories") History history) {
    assertThat(accounts(history.samples())).isEqualTo(accounts(history.samples()));
  }

  @Property
  void anAccountSurvivesItsStore(@ForAll("histories") History history) {
    for (SandboxAccount account : accounts(history.samples())) {
      Kept kept = new Kept.Living(account, 1);
      assertThat(AccountCodec.decode(AccountCodec.encode(kept))).isEqualTo(kept);
    }
  }

  @Property
  void duplicatesAndLateSamplesChangeNothing(@ForAll("histories") History history) {
    assertThat(accounts(history.samples()).getLast())
        .isEqualTo(accounts(accepted(history.samples())).getLast());
  }

  @Property
  void aLostSampleDoesNotChangeTheSandboxsSum(@ForAll("historiesOfOneCgroup") History history) {
    assertThat(accounts(history.samples()).getLast().charged())
        .isEqualTo(
            accounts(history.taken().stream().map(Taken::sample).toList()).getLast().charged())
        .isEqualTo(history.taken().getLast().sample().cgroup().orElseThrow());
  }

  @Property
  void theFirstSampleIsTheReferenceFormulaRoundedDownOrUp(
      @ForAll("historiesOfSoundCounters") History history) {
    Sample first = history.taken().getFirst().sample();
    BigInteger sum = BigInteger.ZERO;
    for (ContainerReading container : first.containers()) {
      sum = sum.add(BigInteger.valueOf(container.nanos()));
    }
    if (sum.signum() == 0) {
      return;
    }
    Map<String, Long> totals = totals(charge(SandboxAccount.EMPTY, first));
    for (ContainerReading container : first.containers()) {
      BigInteger product =
          BigInteger.valueOf(container.nanos())
              .multiply(BigInteger.valueOf(first.cgroup().orElseThrow()));
      long down = product.divide(sum).longValueExact();
      assertThat(totals.get(container.uid())).isBetween(down, down + 1);
    }
  }

  @Property
  void withoutACgroupEachIsChargedWhatItMeasured(@ForAll("historiesOfOneCgroup") History history) {
    SandboxAccount account = SandboxAccount.EMPTY;
    for (Sample sample : accepted(history.samples())) {
      account =
          charge(account, new Sample(sample.seq(), OptionalLong.empty(), 0, sample.containers()));
    }
    assertThat(account.containers())
        .allSatisfy(container -> assertThat(container.total()).isEqualTo(container.measured()));
    assertThat(account.unattributed()).isZero();
  }

  @Property
  void deltasAreWhatTheTotalsGrewBy(@ForAll("histories") History history) {
    Map<String, Long> before = Map.of();
    for (SandboxAccount account : accounts(accepted(history.samples()))) {
      for (ContainerAccount container : account.containers()) {
        assertThat(container.delta())
            .isEqualTo(container.total() - before.getOrDefault(container.uid(), 0L));
      }
      before = totals(account);
    }
  }

  @Provide
  Arbitrary<History> histories() {
    return Histories.any();
  }

  @Provide
  Arbitrary<History> historiesOfSoundCounters() {
    return Histories.ofSoundCounters();
  }

  @Provide
  Arbitrary<History> historiesOfOneCgroup() {
    return Histories.ofOneCgroup();
  }

  private static SandboxAccount charge(SandboxAccount account, Sample sample) {
    return switch (Apportionment.charge(account, sample)) {
      case Charged charged -> charged.account();
      case Stale _ -> account;
    };
  }

  private static List<SandboxAccount> accounts(List<Sample> samples) {
    List<SandboxAccount> accounts = new ArrayList<>();
    SandboxAccount account = SandboxAccount.EMPTY;
    for (Sample sample : samples) {
      account = charge(account, sample);
      accounts.add(account);
    }
    return accounts;
  }

  private static List<Sample> accepted(List<Sample> delivered) {
    List<Sample> accepted = new ArrayList<>();
    for (Sample sample : delivered) {
      if (accepted.isEmpty() || sample.seq() > accepted.getLast().seq()) {
        accepted.add(sample);
      }
    }
    return accepted;
  }

  private static Map<String, Long> totals(SandboxAccount account) {
    Map<String, Long> totals = new HashMap<>();
    account.containers().forEach(container -> totals.put(container.uid(), container.total()));
    return totals;
  }
}
