package dev.caisson.auditor.trail;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is to be done from time to time, whether records come or not. Thread-safe; who starts it
 * closes it.
 */
final class Upkeep implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);
  private static final Duration AGES = Duration.ofSeconds(2);
  private static final Duration RETENTION = Duration.ofMinutes(10);

  private static final Duration SOON = Duration.ofMinutes(1);

  private static final Duration PATIENCE = Duration.ofSeconds(6);

  /** One for each task: what takes long keeps nothing else from its time. */
  private static final int THREADS = 3;

  private final ScheduledExecutorService threads =
      Executors.newScheduledThreadPool(
          THREADS, Thread.ofPlatform().name("trail-upkeep-", 0).daemon().factory());
  private final TrailWatch watch;

  private Upkeep(TrailWatch watch) {
    this.watch = watch;
  }

  /**
   * Starts it.
   *
   * @param verifyEvery how long after one verification the next begins; zero: there is none
   */
  static Upkeep start(
      TrailNodes nodes,
      Enrolment enrolment,
      CheckpointAges ages,
      Retention retention,
      TrailWatch watch,
      Duration verifyEvery) {
    Upkeep upkeep = new Upkeep(watch);
    upkeep.every(Duration.ZERO, AGES, () -> ages.refresh(nodes.all(), enrolment.nodes().keySet()));
    upkeep.every(Duration.ZERO, RETENTION, () -> tell(retention.run()));
    if (verifyEvery.isPositive()) {
      // The relay may have to catch up first with what came while there was no auditor.
      Duration first = verifyEvery.compareTo(SOON) < 0 ? verifyEvery : SOON;
      upkeep.every(first, verifyEvery, watch::run);
    }
    return upkeep;
  }

  private interface Task {
    void run() throws SQLException;
  }

  private static void tell(int weeks) {
    if (weeks > 0) {
      LOG.info("Dropped the records of {} weeks, which were kept for long enough", weeks);
    }
  }

  // What fails now is tried again the next time.
  private void every(Duration delay, Duration period, Task task) {
    Runnable quiet =
        () -> {
          try {
            task.run();
          } catch (SQLException e) {
            LOG.debug("The trail's upkeep waits", e);
            if (!Outage.is(e)) {
              LOG.warn("The trail's upkeep failed, and is tried again: {}", e.getMessage());
            }
          } catch (RuntimeException e) {
            LOG.error("The trail's upkeep failed, and is tried again", e);
          }
        };
    var first =
        threads.scheduleWithFixedDelay(
            quiet, delay.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    assert !first.isDone();
  }

  // An interrupt in the midst of a page costs the embedded database its file.
  @Override
  public void close() {
    watch.stop();
    threads.shutdown();
    try {
      if (!threads.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
        threads.shutdownNow();
      }
    } catch (InterruptedException e) {
      threads.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }
}
