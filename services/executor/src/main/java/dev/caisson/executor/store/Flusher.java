package dev.caisson.executor.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Brings what was renamed into place to the disk, some moments later and together: an executor that
 * dies loses nothing, since the page cache is the kernel's. A host that dies takes every process
 * with it, so that what the last moments' records said of them is not true any more.
 */
final class Flusher implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Flusher.class.getName());

  /** As often as the journal's own group commit. */
  private static final Duration INTERVAL = Duration.ofMillis(50);

  private final Path directory;
  private final Thread thread;
  private Set<String> dirty = new HashSet<>();
  private boolean closed;

  Flusher(Path directory) {
    this.directory = directory;
    this.thread = Thread.ofPlatform().name("store-flusher").daemon().unstarted(this::run);
    thread.start();
  }

  /** This file was replaced or removed. */
  synchronized void changed(String name) {
    dirty.add(name);
    notifyAll();
  }

  private void run() {
    try {
      for (Set<String> names = take(); !names.isEmpty(); names = take()) {
        flush(names);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What has changed since the last time; waits for some, and empty at the end. */
  private synchronized Set<String> take() throws InterruptedException {
    while (dirty.isEmpty() && !closed) {
      wait();
    }
    long until = System.nanoTime() + INTERVAL.toNanos(); // others join until then
    for (long left = INTERVAL.toNanos(); left > 0 && !closed; left = until - System.nanoTime()) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    Set<String> taken = dirty;
    dirty = new HashSet<>();
    return taken;
  }

  private void flush(Set<String> names) {
    try {
      for (String name : names) {
        flush(directory.resolve(name));
      }
      flush(directory);
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "Failed to flush the store", e);
    }
  }

  private static void flush(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (NoSuchFileException _) {
      // Removed since.
    }
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
