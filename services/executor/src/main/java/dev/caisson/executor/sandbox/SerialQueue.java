package dev.caisson.executor.sandbox;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * What happens to one sandbox happens one after the other, in the order of arrival.
 *
 * <p>A fair lock: the caller's own thread does the work, which saves two hand-overs between threads
 * on each request.
 */
final class SerialQueue {
  private static final System.Logger LOG = System.getLogger(SerialQueue.class.getName());

  /** After which what was left by somebody who came just then is found. */
  private static final long A_WHILE_NANOS = 20_000_000;

  private final ReentrantLock turn = new ReentrantLock(true);
  private final Condition ended = turn.newCondition();
  private final Queue<Runnable> left = new ConcurrentLinkedQueue<>();

  private final Runnable atEnd;

  /**
   * A queue of its own.
   *
   * @param atEnd runs at the end of each turn, still in it
   */
  SerialQueue(Runnable atEnd) {
    this.atEnd = atEnd;
  }

  <T> T call(Supplier<T> task) {
    turn.lock();
    try {
      return task.get();
    } finally {
      end();
    }
  }

  void run(Runnable task) {
    turn.lock();
    try {
      task.run();
    } finally {
      end();
    }
  }

  /**
   * Runs the task in a turn, and never waits for one: where somebody has the turn, the task is run
   * at the end of that. So a thread that serves all sandboxes is held up by none.
   */
  void leave(Runnable task) {
    left.add(task);
    takeLeft();
  }

  /**
   * Waits for what is in others' hands, and lets them have their turns meanwhile. What was known of
   * the sandbox may have changed when it returns.
   */
  <T> T outside(Supplier<T> wait) {
    requireTurn();
    assert turn.getHoldCount() == 1 : "a turn within a turn cannot be given up";
    end();
    try {
      return wait.get();
    } finally {
      turn.lock();
    }
  }

  /**
   * Lets others have their turns until it holds. As after {@link #outside}, anything may have
   * changed.
   *
   * @return false when the time was up first, or the thread was interrupted
   */
  boolean await(Duration timeout, BooleanSupplier holds) {
    requireTurn();
    long end = System.nanoTime() + timeout.toNanos();
    try {
      while (!holds.getAsBoolean() && System.nanoTime() < end) {
        handOver();
        var _ = ended.awaitNanos(A_WHILE_NANOS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return holds.getAsBoolean();
  }

  /** Whether another thread has the turn. Says nothing of the moment after. */
  boolean isTaken() {
    return turn.isLocked() && !turn.isHeldByCurrentThread();
  }

  private void end() {
    endTurn();
    takeLeft(); // by somebody who came in between
  }

  private void takeLeft() {
    while (!turn.isHeldByCurrentThread() && !left.isEmpty() && turn.tryLock()) {
      endTurn();
    }
  }

  private void endTurn() {
    try {
      if (turn.getHoldCount() == 1) {
        handOver();
      }
    } finally {
      turn.unlock();
    }
  }

  private void handOver() {
    runLeft();
    atEnd.run();
    ended.signalAll();
  }

  /** Whose turn it is has nothing to do with it. */
  private void runLeft() {
    for (Runnable task = left.poll(); task != null; task = left.poll()) {
      try {
        task.run();
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "What was left to a turn has failed", e);
      }
    }
  }

  void requireTurn() {
    assert turn.isHeldByCurrentThread() : "outside the sandbox's queue";
  }
}
