package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many callers are attached to a process.
 *
 * <p>Thread-safe.
 */
final class Attachments {
  static final int MAX = 16;

  private final AtomicInteger callers = new AtomicInteger();

  /** One more. */
  void enter() {
    if (callers.getAndUpdate(now -> Math.min(now + 1, MAX)) == MAX) {
      throw Refusal.limit(
              "attachments",
              "At most " + MAX + " callers may be attached to a process: let one of them leave.")
          .exception();
    }
  }

  /** One less; says whether he was the last. */
  boolean leave() {
    return callers.decrementAndGet() == 0;
  }

  boolean isEmpty() {
    return callers.get() == 0;
  }
}
