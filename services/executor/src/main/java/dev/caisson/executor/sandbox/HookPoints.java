package dev.caisson.executor.sandbox;

import dev.caisson.executor.hook.HookOutcome;
import dev.caisson.executor.hook.HookPlace;
import dev.caisson.executor.hook.StateJson;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.linux.Fd;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.HookStarted;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Hooks;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Which hooks run when. Source: runtime-spec config.md, "POSIX-platform Hooks". In the sandbox's
 * queue.
 */
final class HookPoints {
  /** Of a hook's output in an error, in characters. */
  private static final int MAX_SHOWN = 512;

  private final Host host;
  private final Recorder recorder;
  private final HookTrust trust;
  private final ContainerHooks inContainer;
  private final Redaction redaction;
  private final Duration timeout;

  HookPoints(
      Host host,
      Recorder recorder,
      HookTrust trust,
      ContainerHooks inContainer,
      Redaction redaction,
      Duration timeout) {
    this.redaction = redaction;
    this.inContainer = inContainer;
    this.host = host;
    this.recorder = recorder;
    this.trust = trust;
    this.timeout = timeout;
  }

  /** The kinds, and what a container is at their time: runtime-spec runtime.md, "State". */
  private enum Kind {
    PRESTART("prestart", "creating"),
    CREATE_RUNTIME("createRuntime", "creating"),
    CREATE_CONTAINER("createContainer", "creating"),
    START_CONTAINER("startContainer", "created"),
    POSTSTART("poststart", "running"),
    POSTSTOP("poststop", "stopped");

    private final String word;
    private final String status;

    Kind(String word, String status) {
      this.word = word;
      this.status = status;
    }
  }

  /** Whether a barrier of a container's program is there for hooks. */
  static boolean isAt(String barrier) {
    return barrier.equals(ContainerPlan.CREATE_RUNTIME)
        || barrier.equals(ContainerPlan.CREATE_CONTAINER);
  }

  /**
   * The namespaces are there, the root is not entered yet. A hook that fails ends the creation.
   *
   * @param tree as {@link ContainerHooks#whileMade} takes it; present where there are such hooks
   * @throws dev.caisson.executor.refusal.RefusedException (HOOK_FAILED) if one does
   */
  void atBarrier(Container container, String barrier, Optional<Fd> tree) {
    Hooks hooks = container.record().getSpec().getHooks();
    if (barrier.equals(ContainerPlan.CREATE_RUNTIME)) {
      required(container, Kind.PRESTART, hooks.getPrestartList(), host.hostHooks());
      required(container, Kind.CREATE_RUNTIME, hooks.getCreateRuntimeList(), host.hostHooks());
    } else if (barrier.equals(ContainerPlan.CREATE_CONTAINER)) {
      HookPlace place = inContainer.whileMade(container, tree.orElseThrow());
      required(container, Kind.CREATE_CONTAINER, hooks.getCreateContainerList(), place);
      inContainer.endLeftBehind(container);
    }
  }

  /**
   * Before the program is executed.
   *
   * @throws dev.caisson.executor.refusal.RefusedException (HOOK_FAILED) if one fails
   */
  void beforeStart(Container container) {
    List<Hook> hooks = container.record().getSpec().getHooks().getStartContainerList();
    required(container, Kind.START_CONTAINER, hooks, inContainer.whenMade(container));
  }

  /**
   * After the program was executed.
   *
   * @throws dev.caisson.executor.refusal.RefusedException (HOOK_FAILED) if one fails
   */
  void afterStart(Container container) {
    List<Hook> hooks = container.record().getSpec().getHooks().getPoststartList();
    required(container, Kind.POSTSTART, hooks, host.hostHooks());
  }

  /** After everything of the container is gone. All of them run; one that fails is recorded. */
  void afterDelete(Container container) {
    List<Hook> hooks = container.record().getSpec().getHooks().getPoststopList();
    for (int i = 0; i < hooks.size(); i++) {
      var _ = run(container, Kind.POSTSTOP, i, hooks.get(i), host.hostHooks(), timeout);
    }
  }

  /** Together they have the time of one: the sandbox waits meanwhile. */
  private void required(Container container, Kind kind, List<Hook> hooks, HookPlace place) {
    long deadline = System.nanoTime() + timeout.toNanos();
    for (int i = 0; i < hooks.size(); i++) {
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      HookOutcome outcome =
          left.isPositive()
              ? run(container, kind, i, hooks.get(i), place, left)
              : HookOutcome.refused("those before it took all of the time that they have together");
      if (!outcome.succeeded()) {
        throw failed(kind.word, i, hooks.get(i), outcome);
      }
    }
  }

  private HookOutcome run(
      Container container, Kind kind, int index, Hook hook, HookPlace place, Duration most) {
    Event.Builder started =
        Recorder.event(container)
            .setHookStarted(
                HookStarted.newBuilder()
                    .setKind(kind.word)
                    .setIndex(index)
                    .setPath(hook.getPath()));
    // Those of a container's end must run though the journal is full.
    return recorder.recordEnd(
        started,
        () -> trusted(container, kind, hook, place, most),
        outcome ->
            Recorder.event(container).setHookFinished(finished(kind.word, index, hook, outcome)));
  }

  /** The host's are checked each time: the file may have changed since the guard saw its path. */
  private HookOutcome trusted(
      Container container, Kind kind, Hook hook, HookPlace place, Duration most) {
    Optional<String> problem =
        kind == Kind.START_CONTAINER ? Optional.empty() : trust.problem(hook);
    StateJson state = state(container.record(), pid(container, kind), kind.status);
    return problem
        .map(HookOutcome::refused)
        .orElseGet(() -> host.hooks().run(place, hook, state, most));
  }

  /** As it is called where the hook runs. */
  private int pid(Container container, Kind kind) {
    int pid = container.record().getPid();
    return switch (kind) {
      case CREATE_CONTAINER, START_CONTAINER -> host.proc().innermostPid(pid);
      case PRESTART, CREATE_RUNTIME, POSTSTART -> pid;
      case POSTSTOP -> 0;
    };
  }

  private HookFinished finished(String kind, int index, Hook hook, HookOutcome outcome) {
    HookFinished.Builder finished =
        HookFinished.newBuilder()
            .setKind(kind)
            .setIndex(index)
            .setPath(hook.getPath())
            .setTimedOut(outcome.timedOut())
            .setDuration(Exits.protoDuration(outcome.duration()))
            .setOutputTail(redaction.text(outcome.outputTail()));
    outcome
        .end()
        .ifPresent(end ->
            finished.setStatus(
                ExitStatus.newBuilder()
                    .setCode(end.code())
                    .setSignal(end.signal())
                    .setTime(Exits.timestamp(end.time()))));
    return finished.build();
  }

  static StateJson state(ContainerRecord record, String status) {
    return state(record, record.getPid(), status);
  }

  private static StateJson state(ContainerRecord record, int pid, String status) {
    return new StateJson(
        record.getSpec().getOciVersion(),
        record.getId(),
        status,
        pid,
        record.getSpec().getBundle(),
        record.getSpec().getAnnotationsMap());
  }

  /** Of what it printed: what it said last is what went wrong. */
  private static String end(String output) {
    String text = output.strip();
    return text.substring(Math.max(0, text.length() - MAX_SHOWN));
  }

  private RuntimeException failed(String kind, int index, Hook hook, HookOutcome outcome) {
    String words =
        String.format(
            Locale.ROOT,
            "Hook %s[%d] %s failed: %s.%s",
            kind,
            index,
            hook.getPath(),
            outcome.problem().orElseThrow(),
            outcome.outputTail().isBlank()
                ? ""
                : " It printed: " + end(redaction.text(outcome.outputTail())));
    return new Refusal(Reason.HOOK_FAILED, words, Map.of("hook", hook.getPath(), "kind", kind))
        .exception();
  }
}
