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
  private long seed;

  Progress(long wanted) {
    this.wanted = wanted;
    System.out.println("model: " + wanted + " operations");
  }

  void begins(long next) {
    seed = next;
  }

  void replaced() {
    replaced++;
  }

  void ended(int operations) {
    done += operations;
    long now = System.nanoTime();
    if (done >= wanted || now - said >= EACH.toNanos()) {
      say();
    }
  }

  void say() {
    said = System.nanoTime();
    System.out.printf(
        "model: %d of %d operations, %d replacements of the executor, %.0f operations/s, seed %d%n",
        done, wanted, replaced, done * 1e9 / (said - began), seed);
  }
}
