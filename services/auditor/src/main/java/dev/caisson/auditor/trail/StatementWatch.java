package dev.caisson.auditor.trail;

import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cancels a statement in the database when nobody waits for it any more, or when it takes too long.
 * Once it is closed it cancels nothing: the connection is the next one's. Thread-safe.
 */
final class StatementWatch implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(StatementWatch.class);

  /** SQL's own of a statement that was cancelled. */
  private static final String CANCELLED = "57014";

  private static final Duration PERIOD = Duration.ofMillis(100);

  private final Cancel cancel;
  private final BooleanSupplier leaving;
  private final long start = System.nanoTime();
  private final Duration limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private boolean over; // by the lock

  private StatementWatch(Cancel cancel, BooleanSupplier leaving, Duration limit) {
    this.cancel = cancel;
    this.leaving = leaving;
    this.limit = limit;
  }

  /** Cancels what runs; nothing, where nothing does. */
  interface Cancel {
    void run() throws SQLException;
  }

  /**
   * Begins to watch.
   *
   * @param leaving whether nobody waits any more; once it says so it does for ever
   * @param limit from now on
   */
  static StatementWatch start(Cancel cancel, BooleanSupplier leaving, Duration limit) {
    StatementWatch watch = new StatementWatch(cancel, leaving, limit);
    // Of the system's: the embedded database computes, and could keep all carriers busy.
    Thread.ofPlatform().name("trail-search-watch").daemon().start(watch::watch);
    return watch;
  }

  /**
   * Ends what is to end.
   *
   * @throws CancellationException when nobody waits
   * @throws SearchTooLongException when it has taken too long
   */
  void check() {
    if (leaving.getAsBoolean()) {
      throw new CancellationException("nobody waits for it any more");
    }
    if (isTooLong()) {
      throw new SearchTooLongException();
    }
  }

  /** The same for an error that may come of the cancelling. */
  void check(SQLException error) {
    if (CANCELLED.equals(error.getSQLState())) {
      check();
    }
  }

  /** Waits for a cancelling that is under way. */
  @Override
  public void close() {
    lock.lock();
    try {
      over = true;
      ended.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private boolean isTooLong() {
    return System.nanoTime() - start >= limit.toNanos();
  }

  // Again and again: what comes before the database has begun, or between two fetches, is lost.
  private void watch() {
    lock.lock();
    try {
      while (!over) {
        if (leaving.getAsBoolean() || isTooLong()) {
          cancel();
        }
        var _ = ended.await(PERIOD.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  private void cancel() {
    try {
      cancel.run();
    } catch (SQLException e) {
      LOG.debug("A search could not be cancelled, and is tried again", e);
    }
  }
}
