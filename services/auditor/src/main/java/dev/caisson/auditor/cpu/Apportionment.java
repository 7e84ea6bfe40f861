package dev.caisson.auditor.cpu;

import dev.caisson.auditor.cpu.Verdict.Charged;
import dev.caisson.auditor.cpu.Verdict.Stale;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Charges each sample to the containers, from the account after the last one. With ΔS the growth of
 * the sandbox's cgroup and δ that of each container:
 *
 * <ol>
 *   <li>no cgroup: each is charged its δ;
 *   <li>Σδ > 0: each is charged δ·ΔS / Σδ, rounded down, and what is left over goes one nanosecond
 *       each to the largest remainders;
 *   <li>Σδ = 0: ΔS is divided equally over the running containers;
 *   <li>none runs: ΔS is charged to nobody.
 * </ol>
 *
 * <p>Pure: no clock, no I/O. Ties are decided by {@link ContainerAccount#ORDER}.
 */
final class Apportionment {

  /**
   * Containers that have exited are listed until there are more than this; then the oldest are
   * retired.
   */
  static final int MAX_EXITED = 1_000;

  private final SandboxAccount before;
  private final Sample sample;
  private final List<Anomaly> anomalies = new ArrayList<>();

  private Apportionment(SandboxAccount before, Sample sample) {
    this.before = before;
    this.sample = sample;
  }

  /**
   * Charges a sample.
   *
   * @throws ArithmeticException when an amount would exceed 63 bits; nothing is charged
   */
  static Verdict charge(SandboxAccount before, Sample sample) {
    return sample.seq() <= before.seq() ? new Stale() : new Apportionment(before, sample).charge();
  }

  private Charged charge() {
    if (sample.seq() > before.seq() + 1) {
      anomalies.add(Anomaly.SAMPLES_LOST);
    }
    List<ContainerAccount> measured = measuredContainers();
    long[] growth = growth(measured);
    CgroupCounter counter = advancedCounter();
    SandboxAccount charged =
        sample.cgroup().isPresent() && counter != null
            ? chargedFor(cgroupGrowth(counter), counter, measured, growth)
            : account(counter, 0, measured, growth);
    return new Charged(retired(charged), used(counter, growth), anomalies);
  }

  // What the sandbox has used, by its counters alone: what is charged must sum to it.
  private long used(@Nullable CgroupCounter counter, long[] growth) {
    return sample.cgroup().isPresent() && counter != null
        ? Math.max(counter.cumulative(), before.charged())
        : Math.addExact(before.charged(), Shares.sum(growth));
  }

  private SandboxAccount chargedFor(
      long cgroup, CgroupCounter counter, List<ContainerAccount> measured, long[] growth) {
    if (Shares.sum(growth) > 0) {
      return account(counter, 0, measured, Shares.proportional(cgroup, growth));
    }
    int running = (int) measured.stream().filter(ContainerAccount::running).count();
    return running == 0
        ? account(counter, cgroup, measured, growth)
        : account(counter, 0, measured, overRunning(measured, Shares.equal(cgroup, running)));
  }

  private static long[] overRunning(List<ContainerAccount> measured, long[] parts) {
    long[] charges = new long[measured.size()];
    int next = 0;
    for (int i = 0; i < charges.length; i++) {
      charges[i] = measured.get(i).running() ? parts[next++] : 0;
    }
    return charges;
  }

  private SandboxAccount account(
      @Nullable CgroupCounter counter,
      long unattributed,
      List<ContainerAccount> measured,
      long[] charges) {
    List<ContainerAccount> charged = new ArrayList<>(charges.length);
    for (int i = 0; i < charges.length; i++) {
      charged.add(measured.get(i).charged(charges[i]));
    }
    return new SandboxAccount(
        sample.seq(),
        counter,
        Math.addExact(before.unattributed(), unattributed),
        before.retired(),
        charged);
  }

  // Every container of the account and of the sample, with what the sample says of it.
  private List<ContainerAccount> measuredContainers() {
    Map<String, ContainerAccount> known = byUid(before.containers());
    Map<String, ContainerReading> listed =
        sample.containers().stream()
            .collect(Collectors.toMap(ContainerReading::uid, Function.identity()));
    List<ContainerAccount> all = new ArrayList<>();
    for (ContainerAccount container : before.containers()) {
      ContainerReading reading = listed.get(container.uid());
      all.add(reading == null ? container.unlisted() : measured(container, reading));
    }
    for (ContainerReading reading : sample.containers()) {
      if (!known.containsKey(reading.uid())) {
        all.add(measured(ContainerAccount.opened(reading.id(), reading.uid()), reading));
      }
    }
    all.sort(ContainerAccount.ORDER);
    return all;
  }

  private ContainerAccount measured(ContainerAccount container, ContainerReading now) {
    if (container.state() == ContainerAccount.State.EXITED) {
      if (now.nanos() > container.reading()) {
        anomalies.add(Anomaly.EXITED_CONTAINER_GREW);
      }
      return container.unlisted();
    }
    long growth = now.nanos() - (cgroupRenewed() ? 0 : container.reading());
    if (growth < 0) {
      anomalies.add(Anomaly.CONTAINER_COUNTER_FELL);
    }
    return container.measured(now, Math.max(0, growth), sample.seq());
  }

  // δ of each, in the same order.
  private long[] growth(List<ContainerAccount> measured) {
    Map<String, ContainerAccount> known = byUid(before.containers());
    return measured.stream()
        .mapToLong(container -> {
          ContainerAccount old = known.get(container.uid());
          return container.measured() - (old == null ? 0 : old.measured());
        })
        .toArray();
  }

  private @Nullable CgroupCounter advancedCounter() {
    CgroupCounter counter = before.counter();
    if (sample.cgroup().isEmpty()) {
      return counter;
    }
    long reading = sample.cgroup().getAsLong();
    if (counter == null) {
      return new CgroupCounter(sample.counterEpoch(), 0, reading);
    }
    if (cgroupRenewed()) {
      return new CgroupCounter(sample.counterEpoch(), before.charged(), reading);
    }
    if (reading < counter.reading()) {
      anomalies.add(Anomaly.CGROUP_COUNTER_FELL);
    }
    return counter.advancedTo(reading);
  }

  // What samples without a cgroup charged already is not charged again when it can be read: its
  // counter has it.
  private long cgroupGrowth(CgroupCounter counter) {
    return Math.max(0, counter.cumulative() - before.charged());
  }

  // Its containers' cgroups are below it, and so were made anew with it.
  private boolean cgroupRenewed() {
    CgroupCounter counter = before.counter();
    return counter != null
        && sample.cgroup().isPresent()
        && counter.epoch() != sample.counterEpoch();
  }

  private static SandboxAccount retired(SandboxAccount account) {
    List<ContainerAccount> gone =
        account.containers().stream()
            .filter(container -> !container.running())
            .sorted(
                Comparator.comparingLong(ContainerAccount::listed)
                    .thenComparing(ContainerAccount.ORDER))
            .toList();
    if (gone.size() <= MAX_EXITED) {
      return account;
    }
    return without(account, gone.subList(0, gone.size() - MAX_EXITED));
  }

  private static SandboxAccount without(SandboxAccount account, List<ContainerAccount> oldest) {
    Map<String, ContainerAccount> leaving = byUid(oldest);
    long total = oldest.stream().mapToLong(ContainerAccount::total).reduce(0, Math::addExact);
    return new SandboxAccount(
        account.seq(),
        account.counter(),
        account.unattributed(),
        Math.addExact(account.retired(), total),
        account.containers().stream()
            .filter(container -> !leaving.containsKey(container.uid()))
            .toList());
  }

  private static Map<String, ContainerAccount> byUid(List<ContainerAccount> containers) {
    return containers.stream()
        .collect(Collectors.toMap(ContainerAccount::uid, Function.identity()));
  }
}
