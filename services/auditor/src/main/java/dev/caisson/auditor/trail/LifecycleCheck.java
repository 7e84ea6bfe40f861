package dev.caisson.auditor.trail;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.caisson.auditor.trail.Problem.Kind;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.Subject;
import dev.caisson.proto.types.v1.ExitStatus;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * Follows one sandbox's records: its sequence, created &lt; started &lt; exited &lt; deleted for
 * each container, started &lt; exited for each exec, hooks in their phase, and nothing after the
 * sandbox's deletion. An exit may be told twice, where an executor died meanwhile. Of containers
 * that were deleted and execs that exited it knows the last {@value #MAX_OVER}: a sandbox may live
 * for years. Not thread-safe.
 */
final class LifecycleCheck {

  private enum Stage {
    CREATED,
    STARTED,
    EXITED,
    DELETED
  }

  /** Of the failure of an intent that an earlier life of the executor has left open. */
  private static final String ABORTED_BY_CRASH = "ABORTED_BY_CRASH";

  static final int MAX_OVER = 1_000;

  private final Map<String, Stage> stages = new HashMap<>();
  private final Map<String, ExitStatus> exits = new HashMap<>();
  private final Deque<String> over = new ArrayDeque<>();
  private final HookPhases hooks = new HookPhases();
  private final BooleanSupplier omissions;
  private final boolean midway;
  private long sandboxSeq;
  private boolean deleted;
  private boolean failed;

  /**
   * A check of one sandbox.
   *
   * @param omissions whether the journal says that it left events out: then a first stage may be
   *     missing
   * @param midway whether the beginning of the trail was dropped, and so perhaps the sandbox's
   */
  LifecycleCheck(BooleanSupplier omissions, boolean midway) {
    this.omissions = () -> midway || omissions.getAsBoolean();
    this.midway = midway;
  }

  /** Whether nothing more comes of the sandbox: it was deleted, or its creation failed. */
  boolean isOver() {
    return deleted || failed;
  }

  /** What does not hold in the next record. After a problem, nothing more can be said. */
  Optional<Problem> accept(TrailEntry entry) {
    try {
      Event event = entry.decoded();
      return sequence(entry, event).or(() -> afterDeletion(entry)).or(() -> order(entry, event));
    } catch (InvalidProtocolBufferException e) {
      return problem(Kind.ALTERED, entry, "The record's bytes are no event");
    }
  }

  private Optional<Problem> sequence(TrailEntry entry, Event event) {
    long expected = sandboxSeq + 1;
    boolean first = midway && sandboxSeq == 0;
    if (event.getSandboxSeq() == 0 || event.getSandboxSeq() == expected || first) {
      sandboxSeq = Math.max(sandboxSeq, event.getSandboxSeq());
      return Optional.empty();
    }
    return problem(
        Kind.GAP,
        entry,
        "Record %d of the sandbox must follow %d".formatted(event.getSandboxSeq(), sandboxSeq));
  }

  private Optional<Problem> afterDeletion(TrailEntry entry) {
    return deleted
        ? problem(Kind.ORDER, entry, "The sandbox had been deleted before")
        : Optional.empty();
  }

  private Optional<Problem> order(TrailEntry entry, Event event) {
    Subject subject = event.getSubject();
    String exec = subject.getContainerUid() + "/" + subject.getProcessId();
    if (event.getPhase() != Phase.OBSERVATION) {
      hooks.follow(event);
    }
    if (event.hasHookStarted() && event.getPhase() == Phase.INTENT && !omissions.getAsBoolean()) {
      return hook(entry, event);
    }
    if (event.getPhase() == Phase.INTENT || event.hasFailure()) {
      cutOff(event, exec);
      return Optional.empty();
    }
    return switch (event.getPayloadCase()) {
      case SANDBOX_DELETED -> {
        deleted = true;
        yield Optional.empty();
      }
      case CONTAINER_CREATED -> advance(entry, subject.getContainerUid(), Stage.CREATED, false);
      case CONTAINER_STARTED -> advance(entry, subject.getContainerUid(), Stage.STARTED, true);
      case CONTAINER_EXITED ->
          exited(entry, subject.getContainerUid(), event.getContainerExited().getStatus(), false);
      case CONTAINER_DELETED -> advance(entry, subject.getContainerUid(), Stage.DELETED, false);
      case EXEC_STARTED -> advance(entry, exec, Stage.STARTED, false);
      case EXEC_EXITED -> exited(entry, exec, event.getExecExited().getStatus(), true);
      case SANDBOX_CREATED, SANDBOX_LOST, CONTAINER_PAUSED, CONTAINER_RESUMED -> Optional.empty();
      case SIGNAL_SENT, HOOK_STARTED, HOOK_FINISHED, OOM_SCORE_ADJUSTED -> Optional.empty();
      case CGROUP_CONFIGURED, NAMESPACE_ENTERED, OOM_KILLED, REQUEST_DENIED -> Optional.empty();
      case EXECUTOR_STARTED, RECOVERED, GAP, ATTACH_OPENED, PAYLOAD_NOT_SET -> Optional.empty();
      case JOURNAL_CHECKPOINT -> Optional.empty();
      case PORT_FORWARD_OPENED, PORT_FORWARD_CLOSED -> Optional.empty();
      case NETWORK_ATTACHED, NETWORK_DETACHED, RESOURCES_UPDATED -> Optional.empty();
      case PIDS_LIMIT_REACHED, MEMORY_PRESSURE -> Optional.empty();
    };
  }

  private Optional<Problem> hook(TrailEntry entry, Event event) {
    Stage stage = stages.get(event.getSubject().getContainerUid());
    boolean started = stage == Stage.STARTED || stage == Stage.EXITED;
    return hooks
        .objection(event, started)
        .flatMap(objection -> problem(Kind.ORDER, entry, objection));
  }

  // Whether it was done only its executor knew, which has died: what follows may show that it was.
  private void cutOff(Event event, String exec) {
    if (!event.getFailure().getReason().equals(ABORTED_BY_CRASH)) {
      failed |= event.hasFailure() && event.hasSandboxCreated();
      return;
    }
    if (event.hasContainerCreated()) {
      stages.putIfAbsent(event.getSubject().getContainerUid(), Stage.CREATED);
    } else if (event.hasExecStarted()) {
      stages.putIfAbsent(exec, Stage.STARTED);
    }
  }

  // Told twice by an executor that has died in between; the same each time.
  private Optional<Problem> exited(
      TrailEntry entry, String who, ExitStatus status, boolean needsEarlier) {
    ExitStatus before = exits.putIfAbsent(who, status);
    return before != null && before.equals(status) && stages.get(who) == Stage.EXITED
        ? Optional.empty()
        : advance(entry, who, Stage.EXITED, needsEarlier);
  }

  // A stage is entered once, and never after a later one. A creation that failed half-way can exit,
  // and be deleted, without more.
  private Optional<Problem> advance(
      TrailEntry entry, String who, Stage stage, boolean needsEarlier) {
    Stage before = stages.put(who, stage);
    boolean ordered =
        before == null ? omissions.getAsBoolean() || !needsEarlier : before.compareTo(stage) < 0;
    if (stage == Stage.DELETED || (stage == Stage.EXITED && who.indexOf('/') >= 0)) {
      over(who);
    }
    return ordered
        ? Optional.empty()
        : problem(
            Kind.ORDER,
            entry,
            stage + " must not come after " + (before == null ? "nothing" : before));
  }

  private void over(String who) {
    over.addLast(who);
    if (over.size() > MAX_OVER) {
      String oldest = over.removeFirst();
      stages.remove(oldest);
      exits.remove(oldest);
    }
  }

  private static Optional<Problem> problem(Kind kind, TrailEntry entry, String message) {
    return Optional.of(new Problem(kind, entry.position(), message));
  }
}
