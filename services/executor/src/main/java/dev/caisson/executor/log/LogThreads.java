package dev.caisson.executor.log;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Who waits for the disk: a disk that stalls holds these up and nobody else. Those who read do not
 * hold up those who write.
 *
 * <p>Thread-safe.
 */
public final class LogThreads implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(LogThreads.class.getName());
  private static final int EACH = 2;
  private static final Duration END = Duration.ofSeconds(5);

  private final ExecutorService writers = threads("log-writer-");
  private final ExecutorService readers = threads("log-reader-");

  private static ExecutorService threads(String name) {
    return Executors.newFixedThreadPool(EACH, Thread.ofPlatform().daemon().name(name, 0).factory());
  }

  Executor writers() {
    return writers;
  }

  Executor readers() {
    return readers;
  }

  /** What has been handed over is written. */
  @Override
  public void close() {
    readers.shutdownNow();
    writers.shutdown();
    if (!haveEnded()) {
      LOG.log(Level.WARNING, "The disk does not take the logs");
    }
  }

  private boolean haveEnded() {
    try {
      return writers.awaitTermination(END.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
