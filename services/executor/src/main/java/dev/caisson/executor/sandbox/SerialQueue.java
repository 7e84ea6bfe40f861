package dev.caisson.executor.sandbox;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * What happens to one sandbox happens one after the other, in the order of arrival.
 *
 * <p>A fair lock: the caller's own thread does the work, which saves two hand-overs between threads
 * on each request.
 */
final class SerialQueue {
  private final ReentrantLock turn = new ReentrantLock(true);

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

  private void end() {
    try {
      if (turn.getHoldCount() == 1) {
        atEnd.run();
      }
    } finally {
      turn.unlock();
    }
  }

  void requireTurn() {
    assert turn.isHeldByCurrentThread() : "outside the sandbox's queue";
  }
}
