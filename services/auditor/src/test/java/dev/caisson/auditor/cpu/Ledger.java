package dev.caisson.auditor.cpu;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The rules of apportioning once more, as plainly as can be and without a bound: what {@link
 * Apportionment} is held against.
 */
final class Ledger {

  /** In the order in which ties are decided. */
  record Container(String id, String uid) implements Comparable<Container> {
    @Override
    public int compareTo(Container other) {
      return Comparator.comparing(Container::id).thenComparing(Container::uid).compare(this, other);
    }
  }

  final Map<Container, BigInteger> totals = new TreeMap<>();
  BigInteger unattributed = BigInteger.ZERO;
  BigInteger used = BigInteger.ZERO;

  private final Map<Container, Long> readings = new HashMap<>();
  private final Set<Container> exited = new HashSet<>();
  private boolean counted;
  private long seq;
  private long epoch;
  private BigInteger base = BigInteger.ZERO;
  private BigInteger highest = BigInteger.ZERO;

  /** Says whether the sample was a new one. */
  boolean charge(Sample sample) {
    if (sample.seq() <= seq) {
      return false;
    }
    seq = sample.seq();
    Map<Container, BigInteger> growth = growth(sample);
    BigInteger sum = sum(growth);
    BigInteger before = used;
    if (sample.cgroup().isEmpty()) {
      used = used.add(sum);
      add(growth);
    } else {
      advance(sample);
      divide(used.subtract(before), growth, sum, sample);
    }
    return true;
  }

  private Map<Container, BigInteger> growth(Sample sample) {
    boolean renewed = counted && sample.cgroup().isPresent() && sample.counterEpoch() != epoch;
    Map<Container, BigInteger> growth = new TreeMap<>();
    for (ContainerReading reading : sample.containers()) {
      Container container = new Container(reading.id(), reading.uid());
      totals.putIfAbsent(container, BigInteger.ZERO);
      if (!exited.contains(container)) {
        long last = renewed ? 0 : readings.getOrDefault(container, 0L);
        growth.put(container, BigInteger.valueOf(Math.max(0, reading.nanos() - last)));
        readings.put(container, reading.nanos());
      }
      if (!reading.running()) {
        exited.add(container);
      }
    }
    return growth;
  }

  private void advance(Sample sample) {
    BigInteger reading = BigInteger.valueOf(sample.cgroup().orElseThrow());
    if (!counted || sample.counterEpoch() != epoch) {
      base = counted ? used : BigInteger.ZERO;
      highest = reading;
      counted = true;
      epoch = sample.counterEpoch();
    }
    highest = highest.max(reading);
    used = used.max(base.add(highest));
  }

  private void divide(
      BigInteger amount, Map<Container, BigInteger> growth, BigInteger sum, Sample sample) {
    if (sum.signum() > 0) {
      add(proportional(amount, growth, sum));
      return;
    }
    Map<Container, BigInteger> running = new TreeMap<>();
    for (ContainerReading reading : sample.containers()) {
      Container container = new Container(reading.id(), reading.uid());
      if (!exited.contains(container)) {
        running.put(container, BigInteger.ONE);
      }
    }
    if (running.isEmpty()) {
      unattributed = unattributed.add(amount);
    } else {
      add(proportional(amount, running, BigInteger.valueOf(running.size())));
    }
  }

  private static Map<Container, BigInteger> proportional(
      BigInteger amount, Map<Container, BigInteger> weights, BigInteger sum) {
    Map<Container, BigInteger> parts = new TreeMap<>();
    Map<Container, BigInteger> remainders = new TreeMap<>();
    weights.forEach((container, weight) -> {
      BigInteger[] exact = amount.multiply(weight).divideAndRemainder(sum);
      parts.put(container, exact[0]);
      remainders.put(container, exact[1]);
    });
    List<Container> largestFirst = new ArrayList<>(remainders.keySet());
    largestFirst.sort(Comparator.comparing(remainders::get).reversed());
    int left = amount.subtract(sum(parts)).intValueExact();
    largestFirst
        .subList(0, left)
        .forEach(container -> parts.merge(container, BigInteger.ONE, BigInteger::add));
    return parts;
  }

  private void add(Map<Container, BigInteger> charges) {
    charges.forEach((container, charge) -> totals.merge(container, charge, BigInteger::add));
  }

  private static BigInteger sum(Map<Container, BigInteger> amounts) {
    return amounts.values().stream().reduce(BigInteger.ZERO, BigInteger::add);
  }
}
