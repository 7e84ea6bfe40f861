package dev.caisson.executor.store;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Brings what was appended to the disk, some moments later and together: an executor that dies
 * loses nothing, since the page cache is the kernel's. A host that dies takes every process with
 * it, so that what the last moments' records said of them is not true any more.
 */
final class Flusher implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Flusher.class.getName());

  /** As often as the journal's own group commit. */
  private static final Duration INTERVAL = Duration.ofMillis(50);

  /** A full disk is not emptier at once. */
  private static final Duration RETRY = Duration.ofSeconds(1);

  private final RecordLog log;
  private final Thread thread;
  private boolean dirty;
  private boolean urgent;
  private boolean closed;

  Flusher(RecordLog log) {
    this.log = log;
    this.thread = Thread.ofPlatform().name("store-flusher").daemon().unstarted(this::run);
    thread.start();
  }

  /**
   * Something was appended.
   *
   * @param now the log is to be compacted, and grows until it is
   */
  synchronized void changed(boolean now) {
    if (!dirty || (now && !urgent)) {
      dirty = true;
      urgent = now;
      notifyAll();
    }
  }

  private void run() {
    try {
      while (awaitChange()) {
        flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** False: it is over, and nothing has changed since the last flush. */
  private synchronized boolean awaitChange() throws InterruptedException {
    while (!dirty && !closed) {
      wait();
    }
    long until = System.nanoTime() + INTERVAL.toNanos(); // others join until then
    for (long left = INTERVAL.toNanos();
        left > 0 && !urgent && !closed;
        left = until - System.nanoTime()) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    boolean changed = dirty;
    dirty = false;
    urgent = false;
    return changed;
  }

  private void flush() throws InterruptedException {
    try {
      log.flush();
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "Failed to flush the store", e);
      pause();
    }
  }

  /** Then again, unless it is over. */
  private synchronized void pause() throws InterruptedException {
    long until = System.nanoTime() + RETRY.toNanos();
    for (long left = RETRY.toNanos(); left > 0 && !closed; left = until - System.nanoTime()) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    dirty |= !closed;
  }

  /** When it returns all is on the disk. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
