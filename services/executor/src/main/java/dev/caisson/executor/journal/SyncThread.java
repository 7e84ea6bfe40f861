package dev.caisson.executor.journal;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The one thread that syncs a log: an interval after the first record that waits, or at once; idle
 * when none does.
 */
final class SyncThread {
  private final SegmentedLog log;
  private final long intervalNanos;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread thread;
  private boolean pending;
  private boolean hurried;
  private boolean ended;

  SyncThread(SegmentedLog log, Duration interval) {
    this.log = log;
    this.intervalNanos = interval.toNanos();
    this.thread = Thread.ofPlatform().name("journal-sync").daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** There is a record that is not durable. */
  void pending() {
    lock.lock();
    try {
      if (!pending) {
        pending = true;
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Somebody waits for what is pending. */
  void hurry() {
    lock.lock();
    try {
      hurried = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Ends the thread, without a last sync. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    while (awaitWork()) {
      log.sync();
    }
  }

  /** False: it is over. */
  private boolean awaitWork() {
    lock.lock();
    try {
      while (!pending && !ended) {
        changed.awaitUninterruptibly();
      }
      awaitInterval();
      pending = false;
      hurried = false;
      return !ended;
    } finally {
      lock.unlock();
    }
  }

  private void awaitInterval() {
    long left = intervalNanos;
    while (left > 0 && !hurried && !ended) {
      try {
        left = changed.awaitNanos(left);
      } catch (InterruptedException _) {
        // Nobody interrupts it; if somebody does, it syncs at once.
        return;
      }
    }
  }
}
