package dev.caisson.auditor.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/**
 * Random lives of a sandbox with up to four containers at a time, and random ways of its samples to
 * the auditor.
 */
final class Histories {

  private static final int SLOTS = 4;
  private static final int MAX_STEPS = 30;

  /** How a sample arrives. DELAYED: after the next one. */
  enum Delivery {
    IN_ORDER,
    LOST,
    DUPLICATED,
    DELAYED
  }

  /**
   * What happens until the next sample: growth of each slot's container, and of the cgroup; who
   * comes, who goes.
   */
  record Step(
      List<Long> growth,
      long cgroupGrowth,
      int born,
      int dying,
      boolean renewed,
      Delivery delivery) {}

  /** The samples as they were taken, and as they arrive. */
  record History(List<Sample> taken, List<Sample> delivered) {}

  private Histories() {}

  static Arbitrary<History> any() {
    return of(Arbitraries.frequency(tuple(12, false), tuple(1, true)), deliveries());
  }

  /** The cgroup is never made anew. */
  static Arbitrary<History> ofOneCgroup() {
    return of(Arbitraries.just(false), deliveries());
  }

  private static Arbitrary<Delivery> deliveries() {
    return Arbitraries.frequency(
        tuple(8, Delivery.IN_ORDER),
        tuple(1, Delivery.LOST),
        tuple(1, Delivery.DUPLICATED),
        tuple(1, Delivery.DELAYED));
  }

  private static <T> net.jqwik.api.Tuple.Tuple2<Integer, T> tuple(int frequency, T value) {
    return net.jqwik.api.Tuple.of(frequency, value);
  }

  private static Arbitrary<History> of(
      Arbitrary<Boolean> renewals, Arbitrary<Delivery> deliveries) {
    return Combinators.combine(
            amounts().list().ofSize(SLOTS),
            amounts(),
            Arbitraries.integers().between(-SLOTS, SLOTS - 1),
            Arbitraries.integers().between(-SLOTS, SLOTS - 1),
            renewals,
            deliveries)
        .as(Step::new)
        .list()
        .ofMinSize(1)
        .ofMaxSize(MAX_STEPS)
        .map(Histories::lived);
  }

  // Zeros for the rules about no growth; large ones for products of more than 64 bits.
  private static Arbitrary<Long> amounts() {
    return Arbitraries.frequencyOf(
        net.jqwik.api.Tuple.of(2, Arbitraries.just(0L)),
        net.jqwik.api.Tuple.of(4, Arbitraries.longs().between(0, 20)),
        net.jqwik.api.Tuple.of(3, Arbitraries.longs().between(0, 2_000_000_000L)),
        net.jqwik.api.Tuple.of(1, Arbitraries.longs().between(0, 1L << 52)));
  }

  private static History lived(List<Step> steps) {
    Life life = new Life();
    List<Sample> taken = steps.stream().map(life::sampleAfter).toList();
    return new History(taken, delivered(taken, steps));
  }

  private static List<Sample> delivered(List<Sample> taken, List<Step> steps) {
    List<Sample> delivered = new ArrayList<>();
    List<Sample> late = new ArrayList<>();
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
    return delivered;
  }

  /** The truth: who runs, and what the kernel's counters say. */
  private static final class Life {
    private final String[] living = new String[SLOTS];
    private final long[] used = new long[SLOTS];
    private long cgroup;
    private long counterEpoch;
    private long seq;
    private int births;

    Sample sampleAfter(Step step) {
      if (step.renewed()) {
        counterEpoch++;
        cgroup = 0;
        java.util.Arrays.fill(used, 0);
      }
      if (step.born() >= 0 && living[step.born()] == null) {
        living[step.born()] = "c" + births++;
        used[step.born()] = 0;
      }
      cgroup += step.cgroupGrowth();
      List<ContainerReading> readings = readings(step);
      if (step.dying() >= 0) {
        living[step.dying()] = null;
      }
      return new Sample(++seq, OptionalLong.of(cgroup), counterEpoch, readings);
    }

    private List<ContainerReading> readings(Step step) {
      List<ContainerReading> readings = new ArrayList<>();
      for (int slot = 0; slot < SLOTS; slot++) {
        if (living[slot] != null) {
          used[slot] += step.growth().get(slot);
          readings.add(
              new ContainerReading(
                  living[slot], "uid-" + living[slot], used[slot], slot != step.dying()));
        }
      }
      return readings;
    }
  }
}
