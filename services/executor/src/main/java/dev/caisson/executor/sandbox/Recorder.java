package dev.caisson.executor.sandbox;

import dev.caisson.executor.journal.Earlier;
import dev.caisson.executor.journal.Intent;
import dev.caisson.executor.journal.Journal;
import dev.caisson.executor.journal.JournalException;
import dev.caisson.executor.journal.Urgency;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.NamespaceEntered;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.types.v1.Actor;
import dev.caisson.proto.types.v1.Namespace;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Nothing privileged happens unrecorded: the intent is in the journal before the effect, the
 * outcome after it.
 *
 * <p>Thread-safe.
 */
final class Recorder {
  private static final System.Logger LOG = System.getLogger(Recorder.class.getName());

  /** Who asked for the operation that this thread carries out. */
  private static final ScopedValue<Actor> ASKED = ScopedValue.newInstance();

  private final Journal journal;

  Recorder(Journal journal) {
    this.journal = journal;
  }

  /**
   * Does what the intent says. Operations that are part of it are recorded as its actor's.
   *
   * @param outcome the event's payload, from the effect's result
   * @throws RuntimeException that of the effect, after it was recorded
   */
  <T> T record(Event.Builder intent, Supplier<T> effect, Function<T, Event.Builder> outcome) {
    return record(Urgency.NEW_WORK, intent, effect, outcome);
  }

  /**
   * The same for what stops, ends or removes something: a full journal must not keep it from being
   * done.
   */
  <T> T recordEnd(Event.Builder intent, Supplier<T> effect, Function<T, Event.Builder> outcome) {
    return record(Urgency.MUST_RECORD, intent, effect, outcome);
  }

  /**
   * Does what enters namespaces of others, if any.
   *
   * @param event about what enters them
   * @param types none: nothing is recorded
   */
  <T> T recordEntered(
      Event.Builder event, List<Namespace.Type> types, String why, Supplier<T> effect) {
    if (types.isEmpty()) {
      return effect.get();
    }
    NamespaceEntered.Builder entered = NamespaceEntered.newBuilder().setWhy(why);
    types.forEach(type -> entered.addNamespaces(type.name().toLowerCase(Locale.ROOT)));
    event.setNamespaceEntered(entered);
    return record(event, effect, done -> event);
  }

  /** Does what belongs to an operation after its outcome; recorded as its actor's likewise. */
  void follow(Actor actor, Runnable effect) {
    ScopedValue.where(ASKED, actor).run(effect);
  }

  private <T> T record(
      Urgency urgency,
      Event.Builder intent,
      Supplier<T> effect,
      Function<T, Event.Builder> outcome) {
    Intent recorded = journal.intent(attributed(intent), urgency);
    T result;
    try {
      result = ScopedValue.where(ASKED, recorded.event().getActor()).call(effect::get);
    } catch (RuntimeException e) {
      end(() -> recorded.failed(Problems.failure(e)));
      throw e;
    }
    end(() -> recorded.succeeded(outcome.apply(result)));
    return result;
  }

  private static Event.Builder attributed(Event.Builder intent) {
    boolean asked = ASKED.isBound() && !ASKED.get().equals(Actor.getDefaultInstance());
    return intent.hasActor() || !asked ? intent : intent.clone().setActor(ASKED.get());
  }

  /** Done is done, and its intent is recorded: the executor's next life says what came of it. */
  private static void end(LongSupplier outcome) {
    try {
      var _ = outcome.getAsLong();
    } catch (JournalException e) {
      LOG.log(Level.ERROR, "An outcome could not be recorded", e);
    }
  }

  /**
   * What came of an earlier call of the same request.
   *
   * @throws RefusedException when the request id was used for something else
   */
  Optional<Earlier> earlier(Ask ask) {
    if (ask.sha256().isEmpty()) {
      return Optional.empty();
    }
    Optional<Earlier> earlier =
        journal.earlier(ask.tenant(), ask.actor().getRequestId(), ask.sha256());
    if (earlier.isPresent() && !earlier.get().same()) {
      throw Digests.reused();
    }
    return earlier;
  }

  /** What is done, and is about to be recorded. */
  void remember(Event.Builder outcome) {
    journal.remember(outcome.setPhase(Phase.OUTCOME));
  }

  /**
   * What an executor may have died in, and is found done, is known to be done in this life: others
   * may undo it.
   */
  void found(Ask ask, Event.Builder outcome) {
    if (earlier(ask).filter(earlier -> !earlier.isDone()).isPresent()) {
      remember(outcome);
    }
  }

  /** What was recorded as done and is taken back. */
  void forget(Ask ask) {
    if (!ask.sha256().isEmpty()) {
      journal.forget(ask.tenant(), ask.actor().getRequestId());
    }
  }

  /** Whether an earlier call of the same request has done it, as {@link #earlier} knows. */
  boolean isDone(Ask ask) {
    return earlier(ask).filter(Earlier::isDone).isPresent();
  }

  /** Whether it was, or was about another sandbox of that id, in which an executor died. */
  boolean isOver(Ask ask, Sandbox sandbox) {
    return earlier(ask).filter(earlier -> earlier.isOver(sandbox.uid())).isPresent();
  }

  /** Something that happened by itself: an exit, a loss. It must not be lost for want of space. */
  void observe(Event.Builder event) {
    journal.append(event.setPhase(Phase.OBSERVATION), Urgency.MUST_RECORD);
  }

  static Event.Builder event(SandboxRecord sandbox, Ask ask) {
    return asked(event(sandbox), ask);
  }

  static Event.Builder asked(Event.Builder event, Ask ask) {
    return event.setActor(ask.actor()).setRequestSha256(ask.sha256());
  }

  static Event.Builder event(SandboxRecord sandbox) {
    return Event.newBuilder().setSubject(subject(sandbox));
  }

  static Event.Builder event(Container container, Actor actor) {
    return event(container).setActor(actor);
  }

  static Event.Builder event(Container container, Ask ask) {
    return asked(event(container), ask);
  }

  static Event.Builder event(Container container) {
    return event(container.sandbox().record(), container.record());
  }

  /** About one of its exec'd processes. */
  static Event.Builder event(Container container, String processId) {
    Event.Builder event = event(container);
    event.getSubjectBuilder().setProcessId(processId);
    return event;
  }

  static Event.Builder event(SandboxRecord sandbox, ContainerRecord container) {
    return Event.newBuilder()
        .setSubject(
            subject(sandbox).setContainerId(container.getId()).setContainerUid(container.getUid()));
  }

  private static Subject.Builder subject(SandboxRecord sandbox) {
    return Subject.newBuilder()
        .setTenant(sandbox.getTenant())
        .setSandboxId(sandbox.getId())
        .setSandboxUid(sandbox.getUid());
  }
}
