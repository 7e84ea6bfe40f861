package dev.caisson.gateway.relay;

import io.grpc.StatusRuntimeException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks the journal how far the relay is behind: when somebody wants to know, and not more often
 * than once in {@link #FRESH}. It does so while Kafka is away, too. Thread-safe.
 */
final class LagWatch {

  /** The gauges that one look at the metrics reads have one answer. */
  static final Duration FRESH = Duration.ofSeconds(1);

  private static final Logger LOG = LoggerFactory.getLogger(LagWatch.class);

  /** Who can be asked. */
  interface Source {
    /** What there is after a place. */
    Lag lag(Progress after);
  }

  private final Source source;
  private final Clock clock;
  private volatile Progress reached = Progress.NONE;
  private Instant askedAt = Instant.MIN;
  private Optional<Lag> last = Optional.empty();

  LagWatch(Source source, Clock clock) {
    this.source = source;
    this.clock = clock;
  }

  /** How far Kafka has the record, as far as it is known. */
  void reached(Progress progress) {
    reached = progress;
  }

  /** Empty: the journal does not answer. */
  synchronized Optional<Lag> now() {
    Instant now = clock.instant();
    if (askedAt.plus(FRESH).isBefore(now) || now.isBefore(askedAt)) {
      askedAt = now;
      last = ask();
    }
    return last;
  }

  private Optional<Lag> ask() {
    try {
      return Optional.of(source.lag(reached));
    } catch (StatusRuntimeException e) {
      LOG.debug("The journal does not tell its backlog", e);
      return Optional.empty();
    }
  }
}
