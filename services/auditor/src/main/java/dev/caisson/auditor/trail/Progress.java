package dev.caisson.auditor.trail;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** How far each partition has been read and stored. Thread-safe. */
final class Progress {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition moved = lock.newCondition();
  private final Map<Integer, Long> next = new HashMap<>();

  /** What a consumer was given: nothing else is known to be read any more. */
  void reset(Map<Integer, Long> positions) {
    lock.lock();
    try {
      next.clear();
      next.putAll(positions);
      moved.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until each partition is read up to its end; false: the time was not enough. */
  boolean awaitPast(Map<Integer, Long> ends, Duration patience) {
    long nanos = patience.toNanos();
    lock.lock();
    try {
      while (!past(ends)) {
        if (nanos <= 0) {
          return false;
        }
        nanos = moved.awaitNanos(nanos);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  private boolean past(Map<Integer, Long> ends) {
    return ends.entrySet().stream()
        .allMatch(end -> next.getOrDefault(end.getKey(), -1L) >= end.getValue());
  }
}
