package dev.caisson.executor.sandbox;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * What happens to one sandbox happens one after the other, in the order of arrival.
 *
 * <p>A fair lock: the caller's own thread does the work, which saves two hand-overs between threads on each request.
 */
final class SerialQueue {
  private final ReentrantLock turn = new ReentrantLock(true);

  <T> T call(Supplier<T> task) {
    turn.lock();
    try {
      return task.get();
    } finally {
      turn.unlock();
    }
  }

  void run(Runnable task) {
    turn.lock();
    try {
      task.run();
    } finally {
      turn.unlock();
    }
  }

  void requireTurn() {
    assert turn.isHeldByCurrentThread() : "outside the sandbox's queue";
  }
}
