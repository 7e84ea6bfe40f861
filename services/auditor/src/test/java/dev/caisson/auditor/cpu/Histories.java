package dev.caisson.auditor.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;

/**
 * Random lives of a sandbox with up to four containers at a time, and random ways of its samples to
 * the auditor.
 */
final class Histories {

  static final int MAX_STEPS = 30;

  /** How many of a sandbox's samples come once more, when all have come. */
  static final int MAX_AGAIN = 12;

  private static final int SLOTS = 4;

  /** How a sample arrives. DELAYED: after the next one. */
  enum Delivery {
    IN_ORDER,
    LOST,
    DUPLICATED,
    DELAYED
  }

  /** What becomes of the cgroup before the sample. RENEWED: made anew, its counters from 0. */
  enum Cgroup {
    THERE,
    UNREADABLE,
    RENEWED,
    FELL
  }

  /**
   * What happens to containers until the next sample, by their slots; below 0: nothing.
   *
   * @param growth of each slot's counter
   * @param born who comes, if nobody runs in the slot
   * @param dying who ends; it is listed until another takes its slot
   * @param missed who cannot be read
   * @param fallen whose counter is lower than before: a process was not found
   */
  record Change(List<Long> growth, int born, int dying, int missed, int fallen) {}

  /** What happens until the next sample. */
  record Step(Change change, long cgroupGrowth, Cgroup cgroup, boolean restart, Delivery delivery) {
    /** Anew when the executor starts again, and its sequence from 1. */
    static final boolean RESTART = true;
  }

  /** How a life goes on after its samples: whether they are all, and how many come again. */
  private record End(boolean ended, int again) {
    static final boolean ENDED = true;
  }

  /** A sample, in which life of the executor it was taken, and whether it is the sandbox's last. */
  record Taken(Sample sample, long executorEpoch, boolean last) {}

  /** The samples as they were taken, and as they arrive. */
  record History(List<Taken> taken, List<Taken> delivered) {
    List<Sample> samples() {
      return delivered.stream().map(Taken::sample).toList();
    }
  }

  private Histories() {}

  /** All that can happen, with or without a cgroup. */
  static Arbitrary<History> any() {
    Arbitrary<Cgroup> cgroups =
        Arbitraries.frequency(
            Tuple.of(20, Cgroup.THERE),
            Tuple.of(1, Cgroup.UNREADABLE),
            Tuple.of(2, Cgroup.RENEWED),
            Tuple.of(1, Cgroup.FELL));
    return Arbitraries.frequencyOf(
        Tuple.of(5, of(cgroups, some())),
        Tuple.of(1, of(Arbitraries.just(Cgroup.UNREADABLE), some())));
  }

  /** Counters never fall, and the cgroup can always be read. */
  static Arbitrary<History> ofSoundCounters() {
    return of(
        Arbitraries.frequency(Tuple.of(12, Cgroup.THERE), Tuple.of(1, Cgroup.RENEWED)), none());
  }

  /** Likewise, and the cgroup is never made anew. */
  static Arbitrary<History> ofOneCgroup() {
    return of(Arbitraries.just(Cgroup.THERE), none());
  }

  private static Arbitrary<Integer> none() {
    return Arbitraries.just(-1);
  }

  private static Arbitrary<Integer> some() {
    return slots(5 * SLOTS);
  }

  // Below 0, nothing happens: of so many.
  private static Arbitrary<Integer> slots(int nothing) {
    return Arbitraries.integers().between(-nothing, SLOTS - 1);
  }

  private static Arbitrary<History> of(Arbitrary<Cgroup> cgroups, Arbitrary<Integer> defects) {
    Arbitrary<Change> changes =
        Combinators.combine(
                amounts().list().ofSize(SLOTS), slots(SLOTS), slots(SLOTS), defects, defects)
            .as(Change::new);
    Arbitrary<Step> steps =
        Combinators.combine(
                changes,
                amounts(),
                cgroups,
                Arbitraries.frequency(Tuple.of(12, !Step.RESTART), Tuple.of(1, Step.RESTART)),
                deliveries())
            .as(Step::new);
    Arbitrary<End> ends =
        Combinators.combine(
                Arbitraries.of(End.ENDED, !End.ENDED), Arbitraries.integers().between(0, MAX_AGAIN))
            .as(End::new);
    return Combinators.combine(steps.list().ofMinSize(1).ofMaxSize(MAX_STEPS), ends)
        .as(Histories::lived);
  }

  private static Arbitrary<Delivery> deliveries() {
    return Arbitraries.frequency(
        Tuple.of(8, Delivery.IN_ORDER),
        Tuple.of(1, Delivery.LOST),
        Tuple.of(1, Delivery.DUPLICATED),
        Tuple.of(1, Delivery.DELAYED));
  }

  // Zeros for the rules about no growth; large ones for products of more than 64 bits.
  private static Arbitrary<Long> amounts() {
    return Arbitraries.frequencyOf(
        Tuple.of(2, Arbitraries.just(0L)),
        Tuple.of(4, Arbitraries.longs().between(0, 20)),
        Tuple.of(3, Arbitraries.longs().between(0, 2_000_000_000L)),
        Tuple.of(1, Arbitraries.longs().between(0, 1L << 52)));
  }

  private static History lived(List<Step> steps, End end) {
    Life life = new Life();
    List<Taken> taken = new ArrayList<>(steps.stream().map(life::sampleAfter).toList());
    if (end.ended()) {
      Taken last = taken.removeLast();
      taken.add(new Taken(last.sample(), last.executorEpoch(), true));
    }
    return new History(taken, delivered(taken, steps, end.again()));
  }

  private static List<Taken> delivered(List<Taken> taken, List<Step> steps, int again) {
    List<Taken> delivered = new ArrayList<>();
    List<Taken> late = new ArrayList<>();
    for (int i = 0; i < taken.size(); i++) {
      switch (steps.get(i).delivery()) {
        case IN_ORDER -> delivered.add(taken.get(i));
        case LOST -> {}
        case DUPLICATED -> delivered.addAll(List.of(taken.get(i), taken.get(i)));
        case DELAYED -> late.add(taken.get(i));
      }
      if (steps.get(i).delivery() != Delivery.DELAYED) {
        delivered.addAll(late);
        late.clear();
      }
    }
    // The last always arrives, so that histories with and without losses can be compared.
    delivered.add(taken.getLast());
    delivered.addAll(taken.subList(0, Math.min(again, taken.size())));
    return delivered;
  }

  /** The truth: who runs, and what the kernel's counters say. */
  private static final class Life {
    private final String[] containers = new String[SLOTS];
    private final boolean[] ended = new boolean[SLOTS];
    private final long[] used = new long[SLOTS];
    private long cgroup;
    private long counterEpoch = 7;
    private long executorEpoch = 1;
    private long seq;
    private int births;

    Taken sampleAfter(Step step) {
      if (step.restart()) {
        executorEpoch++;
      }
      change(step.cgroup());
      beBorn(step.change().born());
      cgroup += step.cgroupGrowth();
      List<ContainerReading> readings = readings(step.change());
      OptionalLong counter =
          step.cgroup() == Cgroup.UNREADABLE ? OptionalLong.empty() : OptionalLong.of(cgroup);
      return new Taken(new Sample(++seq, counter, counterEpoch, readings), executorEpoch, false);
    }

    private void change(Cgroup change) {
      if (change == Cgroup.RENEWED) {
        counterEpoch++;
        cgroup = 0;
        Arrays.fill(used, 0);
      } else if (change == Cgroup.FELL) {
        cgroup /= 2;
      }
    }

    private void beBorn(int slot) {
      if (slot >= 0 && (containers[slot] == null || ended[slot])) {
        containers[slot] = "c" + births++;
        ended[slot] = false;
        used[slot] = 0;
      }
    }

    private List<ContainerReading> readings(Change change) {
      List<ContainerReading> readings = new ArrayList<>();
      for (int slot = 0; slot < SLOTS; slot++) {
        if (containers[slot] != null) {
          live(slot, change);
          if (slot != change.missed()) {
            readings.add(reading(slot));
          }
        }
      }
      return readings;
    }

    private void live(int slot, Change change) {
      if (!ended[slot]) {
        used[slot] =
            slot == change.fallen() ? used[slot] / 2 : used[slot] + change.growth().get(slot);
      }
      if (slot == change.dying()) {
        ended[slot] = true;
      }
    }

    private ContainerReading reading(int slot) {
      return new ContainerReading(
          containers[slot], "uid-" + containers[slot], used[slot], !ended[slot]);
    }
  }
}
