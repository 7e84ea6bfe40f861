package dev.caisson.auditor.trail;

import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Those who read on behalf of callers, so many at a time that the writer and upkeep always find a
 * connection. Thread-safe.
 */
final class Turns {

  /** Connections that callers never have: the writer's, and upkeep's. */
  private static final int KEPT = 3;

  /** How long a caller waits for his turn. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private final Semaphore free;

  private Turns(int turns) {
    this.free = new Semaphore(turns, true);
  }

  /** As many turns as so many connections allow, and one at least. */
  static Turns of(int connections) {
    return new Turns(Math.max(1, connections - KEPT));
  }

  /** Until it is closed, which is done once. */
  interface Turn extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Takes a turn, for at most one connection at a time.
   *
   * @throws TrailBusyException when there is none in time
   * @throws CancellationException when the thread is to end
   */
  Turn take() {
    try {
      if (!free.tryAcquire(PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
        throw new TrailBusyException();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new CancellationException("the auditor ends");
    }
    return free::release;
  }

  /** Whether there is none left. */
  boolean areTaken() {
    return free.availablePermits() == 0;
  }
}
