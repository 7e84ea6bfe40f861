package dev.caisson.bench;

import java.time.Duration;

/**
 * A fleet whose record goes to one Kafka, and the rates that follow.
 *
 * @param nodes with an executor and a relay each
 * @param sandboxes of each node, alive at once
 * @param life how long one lives, before another takes its place
 * @param period between two samples of one
 * @param linger of each relay: how often it commits at most
 * @param partitions of each topic that has sandboxes for keys
 */
record Fleet(
    int nodes, int sandboxes, Duration life, Duration period, Duration linger, int partitions) {
  /** Beyond it, the names of the nodes are no more of one length. */
  private static final int MOST_NODES = 99_999;

  Fleet {
    requireWithin("nodes", nodes, MOST_NODES);
    requireWithin("sandboxes", sandboxes, 10_000);
    requireWithin("partitions", partitions, 100_000);
    for (Duration time : new Duration[] {life, period, linger}) {
      if (time.isNegative() || time.isZero()) {
        throw new IllegalArgumentException("a time must be above 0: " + time);
      }
    }
  }

  private static void requireWithin(String name, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(name + " must be from 1 to " + most + ": " + value);
    }
  }

  long all() {
    return (long) nodes * sandboxes;
  }

  double samplesPerSecond() {
    return all() / seconds(period);
  }

  /**
   * @param inLife of one sandbox, from its creation to its deletion
   */
  double eventsPerSecond(int inLife) {
    return all() * inLife / seconds(life);
  }

  /** Of relays, each of which always has a sample to commit. */
  double transactionsPerSecond() {
    double each = Math.min(1 / seconds(linger), sandboxes / seconds(period));
    return nodes * Math.max(each, 1 / seconds(period));
  }

  /** Sandboxes whose key is in one partition, on average. */
  int share() {
    return Math.toIntExact(Math.ceilDiv(all(), partitions));
  }

  static double seconds(Duration time) {
    return time.toNanos() / 1e9;
  }
}
