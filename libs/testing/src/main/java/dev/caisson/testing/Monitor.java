package dev.caisson.testing;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** One lock for everything in a fake kernel, and one condition: something has changed. */
final class Monitor {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition change = lock.newCondition();

  /** Runs under the lock; whoever waits looks again after it. */
  <T> T change(Supplier<T> action) {
    lock.lock();
    try {
      return action.get();
    } finally {
      change.signalAll();
      lock.unlock();
    }
  }

  void change(Runnable action) {
    change(() -> {
      action.run();
      return true;
    });
  }

  /** Waits under the lock, without end. */
  void await(BooleanSupplier condition) {
    change.signalAll();
    while (!condition.getAsBoolean()) {
      change.awaitUninterruptibly();
    }
  }

  /**
   * Waits under the lock; false when the time was up first. As with a system call, an interrupt
   * does not end it and is not lost.
   */
  boolean await(BooleanSupplier condition, Duration timeout) {
    long end = System.nanoTime() + timeout.toNanos();
    boolean interrupted = Thread.interrupted();
    change.signalAll();
    while (!condition.getAsBoolean() && end - System.nanoTime() > 0) {
      try {
        change.awaitNanos(end - System.nanoTime());
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return condition.getAsBoolean();
  }
}
