package dev.caisson.executor;

import java.time.Duration;

/** What a long test has done, said now and then. Of one thread. */
final class Progress {
  private static final Duration EACH = Duration.ofSeconds(10);

  private final long wanted;
  private final long began = System.nanoTime();
  private long said = began;
  private long done;
  private long replaced;
  private Duration longest = Duration.ZERO;
  private long seed;

  Progress(long wanted) {
    this.wanted = wanted;
    System.out.println("model: " + wanted + " operations");
  }

  void begins(long next) {
    seed = next;
  }

  void replaced(Duration within) {
    replaced++;
    longest = within.compareTo(longest) > 0 ? within : longest;
  }

  void ended(int operations) {
    done += operations;
    long now = System.nanoTime();
    if (done >= wanted || now - said >= EACH.toNanos()) {
      say();
    }
  }

  boolean isThrough() {
    return done >= wanted;
  }

  void say() {
    said = System.nanoTime();
    System.out.printf(
        "model: %d of %d operations, %.0f/s, %d replacements of the executor in at most %d ms, seed"
            + " %d%n",
        done, wanted, done * 1e9 / (said - began), replaced, longest.toMillis(), seed);
  }
}
