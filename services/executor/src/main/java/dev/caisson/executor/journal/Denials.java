package dev.caisson.executor.journal;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.RequestDenied;
import dev.caisson.proto.types.v1.Actor;
import java.time.Clock;

/**
 * Refusals in the record, though not more often than once a second: those in between are counted,
 * so that refusing cannot fill the disk. Of each who refuses another one, so that one cannot hide
 * what the other does.
 *
 * <p>Thread-safe.
 */
public final class Denials {
  static final int MAX_NAME_BYTES = 64;
  static final int MAX_MESSAGE_BYTES = 1024;
  private static final long INTERVAL_MILLIS = 1000;

  private final Journal journal;
  private final Clock clock;
  private final String by;
  private long lastRecorded;
  private long suppressed;

  /**
   * None yet.
   *
   * @param by who refuses: {@code guard}, {@code gateway}
   */
  public Denials(Journal journal, Clock clock, String by) {
    this.journal = journal;
    this.clock = clock;
    this.by = by;
  }

  /**
   * Records one, or counts it.
   *
   * @param actor who was refused
   * @return whether it has an event of its own
   */
  public boolean record(String operation, String reason, String message, Actor actor) {
    return record(operation, reason, message, actor, 0);
  }

  /**
   * The same.
   *
   * @param more refusals before it that are to be counted
   */
  synchronized boolean record(
      String operation, String reason, String message, Actor actor, long more) {
    suppressed = sum(suppressed, Math.max(more, 0));
    long now = clock.millis();
    RequestDenied denied =
        RequestDenied.newBuilder()
            .setBy(by)
            .setOperation(BoundedText.of(operation, MAX_NAME_BYTES))
            .setReason(BoundedText.of(reason, MAX_NAME_BYTES))
            .setMessage(BoundedText.of(message, MAX_MESSAGE_BYTES))
            .setSuppressed(suppressed)
            .build();
    if (Math.abs(now - lastRecorded) < INTERVAL_MILLIS || !append(denied, actor)) {
      suppressed = sum(suppressed, 1);
      return false;
    }
    lastRecorded = now;
    suppressed = 0;
    return true;
  }

  /** Never from the reserve, which is for what must be recorded. */
  private boolean append(RequestDenied denied, Actor actor) {
    Event.Builder event =
        Event.newBuilder().setPhase(Phase.OBSERVATION).setActor(actor).setRequestDenied(denied);
    try {
      return journal.append(event, Urgency.NEW_WORK) != 0;
    } catch (JournalFullException e) {
      return false;
    }
  }

  private static long sum(long one, long other) {
    return one > Long.MAX_VALUE - other ? Long.MAX_VALUE : one + other;
  }
}
