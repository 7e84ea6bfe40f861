package dev.caisson.executor.journal;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Failure;
import dev.caisson.proto.events.v1.Phase;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An operation that was recorded before its effect. Exactly one outcome follows; it may use the
 * journal's reserve. Whoever dies before leaves it to recovery.
 */
public final class Intent {
  private final Journal journal;
  private final Event event;
  private final AtomicBoolean ended = new AtomicBoolean();

  Intent(Journal journal, Event event) {
    this.journal = journal;
    this.event = event;
  }

  /** As it was recorded; without a seq when there was no room (mode fail-open). */
  public Event event() {
    return event;
  }

  public long seq() {
    return event.getSeq();
  }

  /** With the intent's own payload. */
  public long succeeded() {
    return succeeded(Event.newBuilder());
  }

  /**
   * Records that it was done.
   *
   * @param outcome its payload replaces the intent's; so do subject and actor where they are given
   * @return the outcome's seq
   */
  public long succeeded(Event.Builder outcome) {
    return end(outcome.clone().clearFailure());
  }

  /** With the intent's own payload. */
  public long failed(Failure failure) {
    return failed(failure, Event.newBuilder());
  }

  /** Records that it had no effect, or was undone. */
  public long failed(Failure failure, Event.Builder outcome) {
    return end(outcome.clone().setFailure(failure));
  }

  private long end(Event.Builder outcome) {
    if (ended.getAndSet(true)) {
      throw new IllegalStateException(
          "intent " + event.getEpoch() + "/" + event.getSeq() + " has an outcome already");
    }
    Event.Builder whole = event.toBuilder();
    if (outcome.getPayloadCase() != Event.PayloadCase.PAYLOAD_NOT_SET) {
      whole.clearPayload();
    }
    if (outcome.hasSubject()) {
      whole.clearSubject();
    }
    if (outcome.hasActor()) {
      whole.clearActor();
    }
    whole.mergeFrom(outcome.build()).setPhase(Phase.OUTCOME).setIntentSeq(event.getSeq());
    return journal.append(whole, Urgency.MUST_RECORD);
  }
}
