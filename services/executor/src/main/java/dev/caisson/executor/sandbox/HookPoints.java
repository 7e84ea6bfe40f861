package dev.caisson.executor.sandbox;

import dev.caisson.executor.hook.HookOutcome;
import dev.caisson.executor.hook.StateJson;
import dev.caisson.executor.plan.ContainerPlan;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.ContainerRecord;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.HookStarted;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.types.v1.Hook;
import dev.caisson.proto.types.v1.Hooks;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
  private final Duration timeout;

  HookPoints(Host host, Recorder recorder, HookTrust trust, Duration timeout) {
    this.host = host;
    this.recorder = recorder;
    this.trust = trust;
    this.timeout = timeout;
  }

  /**
   * The namespaces are there, the root is not the container's yet. A hook that fails ends the
   * creation.
   */
  void atBarrier(Container container, String barrier) {
    if (barrier.equals(ContainerPlan.CREATE_RUNTIME)) {
      Hooks hooks = container.record().getSpec().getHooks();
      required(container, "prestart", hooks.getPrestartList(), "created");
      required(container, "createRuntime", hooks.getCreateRuntimeList(), "created");
    }
  }

  /** After the program was executed. All of them run; one that fails is recorded. */
  void afterStart(Container container) {
    run(
        container,
        "poststart",
        container.record().getSpec().getHooks().getPoststartList(),
        "running");
  }

  /** After everything of the container is gone. All of them run; one that fails is recorded. */
  void afterDelete(Container container) {
    run(
        container,
        "poststop",
        container.record().getSpec().getHooks().getPoststopList(),
        "stopped");
  }

  private void required(Container container, String kind, List<Hook> hooks, String status) {
    for (int i = 0; i < hooks.size(); i++) {
      HookOutcome outcome = run(container, kind, i, hooks.get(i), status);
      if (!outcome.succeeded()) {
        throw failed(kind, i, hooks.get(i), outcome);
      }
    }
  }

  private void run(Container container, String kind, List<Hook> hooks, String status) {
    for (int i = 0; i < hooks.size(); i++) {
      var _ = run(container, kind, i, hooks.get(i), status);
    }
  }

  private HookOutcome run(Container container, String kind, int index, Hook hook, String status) {
    Event.Builder started =
        Recorder.event(container)
            .setPhase(Phase.OBSERVATION)
            .setHookStarted(
                HookStarted.newBuilder().setKind(kind).setIndex(index).setPath(hook.getPath()));
    recorder.observe(started);
    HookOutcome outcome = trusted(hook, state(container.record(), status));
    recorder.observe(
        Recorder.event(container).setHookFinished(finished(kind, index, hook, outcome)));
    return outcome;
  }

  /** Checked each time: the file may have changed since the guard saw its path. */
  private HookOutcome trusted(Hook hook, StateJson state) {
    return trust
        .problem(hook)
        .map(HookOutcome::refused)
        .orElseGet(() -> host.hooks().run(hook, state, timeout));
  }

  private static HookFinished finished(String kind, int index, Hook hook, HookOutcome outcome) {
    HookFinished.Builder finished =
        HookFinished.newBuilder()
            .setKind(kind)
            .setIndex(index)
            .setPath(hook.getPath())
            .setTimedOut(outcome.timedOut())
            .setDuration(Exits.protoDuration(outcome.duration()))
            .setOutputTail(outcome.outputTail());
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
    return new StateJson(
        record.getSpec().getOciVersion(),
        record.getId(),
        status,
        record.getPid(),
        record.getSpec().getBundle(),
        record.getSpec().getAnnotationsMap());
  }

  /** Of what it printed: what it said last is what went wrong. */
  private static String end(String output) {
    String text = output.strip();
    return text.substring(Math.max(0, text.length() - MAX_SHOWN));
  }

  private static RuntimeException failed(String kind, int index, Hook hook, HookOutcome outcome) {
    String words =
        String.format(
            Locale.ROOT,
            "Hook %s[%d] %s failed: %s.%s",
            kind,
            index,
            hook.getPath(),
            outcome.problem().orElseThrow(),
            outcome.outputTail().isBlank() ? "" : " It printed: " + end(outcome.outputTail()));
    return new Refusal(Reason.HOOK_FAILED, words, Map.of("hook", hook.getPath(), "kind", kind))
        .exception();
  }
}
