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

  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("trail-upkeep").daemon().factory());

  private Upkeep() {}

  static Upkeep start(TrailNodes nodes, CheckpointAges ages, Retention retention) {
    Upkeep upkeep = new Upkeep();
    upkeep.every(AGES, () -> ages.refresh(nodes.all()));
    upkeep.every(RETENTION, () -> tell(retention.run()));
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
  private void every(Duration period, Task task) {
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
    var first = thread.scheduleWithFixedDelay(quiet, 0, period.toMillis(), TimeUnit.MILLISECONDS);
    assert !first.isDone();
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
