package dev.caisson.gateway.relay;

import dev.caisson.events.KafkaTrouble;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs sessions, one after the other, until it is closed or another relay takes over. A broker or
 * an executor that is away costs lag alone. Thread-safe; who starts it closes it.
 */
final class Relay implements AutoCloseable {

  /** Begins a session. */
  interface Opening {
    /**
     * Fences what ran before, and goes on from what is committed.
     *
     * @param floor not from before this, since the journal has deleted it
     */
    RelaySession open(Progress floor) throws InterruptedException;
  }

  /** How long to wait after a failure: doubled with each, from the first to the last. */
  static final Duration FIRST_PAUSE = Duration.ofMillis(100);

  static final Duration LAST_PAUSE = Duration.ofSeconds(5);

  private static final Logger LOG = LoggerFactory.getLogger(Relay.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  private final Opening opening;
  private final RelayMetrics metrics;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread = new Thread(this::run, "relay");
  private volatile Optional<String> trouble = Optional.of("not connected yet");
  private volatile boolean fenced;
  private volatile Optional<RelaySession> current = Optional.empty();

  // The relay's thread alone.
  private Progress floor = Progress.NONE;
  private Duration pause = FIRST_PAUSE;

  private Relay(Opening opening, RelayMetrics metrics) {
    this.opening = opening;
    this.metrics = metrics;
  }

  static Relay start(Opening opening, RelayMetrics metrics) {
    Relay relay = new Relay(opening, metrics);
    relay.thread.setDaemon(true);
    relay.thread.start();
    return relay;
  }

  /** What keeps it from relaying; empty: nothing. */
  Optional<String> trouble() {
    return trouble;
  }

  RelayMetrics metrics() {
    return metrics;
  }

  /** Whether it has stopped for good, since another relay has taken over. */
  boolean fenced() {
    return fenced;
  }

  @Override
  public void close() {
    closed.countDown();
    current.ifPresent(RelaySession::wake);
    try {
      if (!thread.join(CLOSE_TIMEOUT)) {
        thread.interrupt();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (open() && !fenced) {
      try (RelaySession session = opening.open(floor)) {
        relay(session);
      } catch (FencedException e) {
        failed(e);
        fenced = true;
      } catch (JournalException e) {
        LOG.error("{}", e.getMessage());
        metrics.jumped();
        floor = floor.orLater(e.resumeAfter());
      } catch (InterruptedException e) {
        closed.countDown();
      } catch (RuntimeException e) {
        failed(e);
        pauseAfterFailure();
      }
    }
  }

  // Whoever closes it either is seen here, or finds the session to wake.
  private void relay(RelaySession session) throws InterruptedException {
    current = Optional.of(session);
    while (open()) {
      session.step();
      trouble = Optional.empty();
      pause = FIRST_PAUSE;
    }
  }

  private boolean open() {
    return closed.getCount() > 0;
  }

  // Once for each kind of trouble, not once for each attempt.
  private void failed(RuntimeException e) {
    metrics.failed();
    String message = KafkaTrouble.words(e);
    if (!trouble.equals(Optional.of(message))) {
      LOG.warn("The relay is interrupted: {}", message);
      LOG.debug("Cause", e);
      trouble = Optional.of(message);
    }
  }

  private void pauseAfterFailure() {
    try {
      var _ = closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
      pause = pause.multipliedBy(2).compareTo(LAST_PAUSE) < 0 ? pause.multipliedBy(2) : LAST_PAUSE;
    } catch (InterruptedException e) {
      closed.countDown();
    }
  }
}
