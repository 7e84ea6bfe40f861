package dev.caisson.auditor.kafka;

import dev.caisson.events.KafkaTrouble;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.errors.WakeupException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread that reads from Kafka for as long as the service lives. Whatever a session throws, it
 * says so and begins a new one after a pause: Kafka being away costs lag, and nothing else.
 * Thread-safe; who starts it closes it.
 */
public final class Worker implements AutoCloseable {

  /** One life of a reader, from connecting until something fails or the worker is closed. */
  public interface Session extends AutoCloseable {

    /** Does a bounded piece of work. */
    void step() throws Exception;

    @Override
    void close();
  }

  /** Connects. Called again after each failure. */
  public interface Opening {
    Session open() throws Exception;
  }

  /** What went wrong last, until it goes well again. */
  public record Trouble(Instant since, String message) {}

  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  private final String name;
  private final Opening opening;
  private final Duration pause;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread;
  private volatile Optional<Trouble> trouble =
      Optional.of(new Trouble(Instant.now(), "not connected yet"));

  private Worker(String name, Opening opening, Duration pause) {
    this.name = name;
    this.opening = opening;
    this.pause = pause;
    this.thread = new Thread(this::run, name);
  }

  /**
   * Starts a worker.
   *
   * @param pause after a failure
   */
  public static Worker start(String name, Opening opening, Duration pause) {
    Worker worker = new Worker(name, opening, pause);
    worker.thread.setDaemon(true);
    worker.thread.start();
    return worker;
  }

  /** Empty: it works. */
  public Optional<Trouble> trouble() {
    return trouble;
  }

  public String name() {
    return name;
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      thread.join(CLOSE_TIMEOUT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (closed.getCount() > 0) {
      try (Session session = opening.open()) {
        while (closed.getCount() > 0) {
          session.step();
          trouble = Optional.empty();
        }
      } catch (WakeupException e) {
        LOG.debug("{}: woken", name);
      } catch (Exception e) {
        failed(e);
      }
    }
  }

  private void failed(Exception e) {
    String message = KafkaTrouble.words(e);
    if (trouble.isEmpty() || !trouble.get().message().equals(message)) {
      LOG.warn("{}: {}", name, message);
      LOG.debug("Cause", e);
      trouble = Optional.of(new Trouble(Instant.now(), message));
    }
    try {
      if (closed.await(pause.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.debug("{}: closed", name);
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      closed.countDown();
    }
  }
}
