package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.Refusal;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * How many callers are attached to a process.
 *
 * <p>Thread-safe.
 */
final class Attachments {
  static final int MAX = 16;

  private final AtomicInteger callers = new AtomicInteger();
  private boolean closed;

  /**
   * Attaches somebody, in no turn of the sandbox's. None that is recorded comes after {@link
   * #close}: nothing may come after the deletion.
   *
   * @param attaching short: deletions wait for it
   * @param gone what is thrown instead once it is closed
   */
  synchronized <T> T attach(Supplier<T> attaching, Supplier<? extends RuntimeException> gone) {
    if (closed) {
      throw gone.get();
    }
    return attaching.get();
  }

  /** Nobody else comes. */
  synchronized void close() {
    closed = true;
  }

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
