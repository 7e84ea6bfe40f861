package dev.caisson.executor.journal;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * The one thread that signs a journal when it is time, now and then when nothing is unsigned, too.
 * Not the one that syncs: a signature takes longer than a sync that somebody waits for.
 */
final class CheckpointThread {
  private final Signing signing;
  private final Runnable checkpoint;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Thread thread;
  private long recorded;
  private long signed;
  private long tried;
  private boolean ended;

  CheckpointThread(Signing signing, Runnable checkpoint) {
    this.signing = signing;
    this.checkpoint = checkpoint;
    this.thread = Thread.ofPlatform().name("journal-checkpoint").daemon().unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  /** A record that needs a signature has been written. */
  void recorded() {
    lock.lock();
    try {
      recorded++;
      if (recorded - signed == 1 || recorded - tried == signing.records()) {
        changed.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** How many of them there were. */
  long count() {
    lock.lock();
    try {
      return recorded;
    } finally {
      lock.unlock();
    }
  }

  /** A checkpoint is written that vouches for so many. */
  void signed(long count) {
    lock.lock();
    try {
      signed = Math.max(signed, count);
    } finally {
      lock.unlock();
    }
  }

  boolean isDue() {
    lock.lock();
    try {
      return recorded != signed;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the thread, without a last checkpoint. */
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
    while (awaitDue()) {
      checkpoint.run();
    }
  }

  /** False: it is over. */
  private boolean awaitDue() {
    lock.lock();
    try {
      awaitRecord();
      if (recorded != signed) {
        awaitInterval();
      }
      tried = recorded;
      return !ended;
    } finally {
      lock.unlock();
    }
  }

  /** As long as a journal may be silent. */
  private void awaitRecord() {
    await(signing.idle(), () -> recorded != signed);
  }

  /** The whole of it after a checkpoint that failed. */
  private void awaitInterval() {
    await(signing.interval(), () -> recorded - tried >= signing.records());
  }

  private void await(Duration most, BooleanSupplier over) {
    long left = most.toNanos();
    while (left > 0 && !ended && !over.getAsBoolean()) {
      try {
        left = changed.awaitNanos(left);
      } catch (InterruptedException _) {
        // Nobody interrupts it; if somebody does, it signs at once.
        return;
      }
    }
  }
}
