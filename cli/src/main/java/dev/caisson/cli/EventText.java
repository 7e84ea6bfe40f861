package dev.caisson.cli;

import static java.util.concurrent.TimeUnit.MICROSECONDS;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.HookFinished;
import dev.caisson.proto.events.v1.JournalCheckpoint;
import dev.caisson.proto.events.v1.MemoryPressure;
import dev.caisson.proto.events.v1.NetworkAttached;
import dev.caisson.proto.events.v1.Phase;
import dev.caisson.proto.events.v1.PidsLimitReached;
import dev.caisson.proto.events.v1.PortForwardClosed;
import dev.caisson.proto.events.v1.ResourcesUpdated;
import dev.caisson.proto.events.v1.Subject;
import java.util.Locale;
import java.util.stream.Collectors;

/** One event of the record in words. */
final class EventText {
  private EventText() {}

  /** `container started`, and `(requested)` for what was about to be done. */
  static String type(Event event) {
    String what = event.getPayloadCase().name().toLowerCase(Locale.ROOT).replace('_', ' ');
    return event.getPhase() == Phase.INTENT ? what + " (requested)" : what;
  }

  static String subject(Subject subject) {
    String sandbox = subject.getSandboxId();
    String container = subject.getContainerId();
    return container.isEmpty() ? orDash(sandbox) : orDash(sandbox) + "/" + container;
  }

  static String actor(Event event) {
    return orDash(event.getActor().getPrincipal());
  }

  static String outcome(Event event) {
    return switch (event.getPhase()) {
      case INTENT -> "requested";
      case OUTCOME -> event.hasFailure() ? "failed: " + event.getFailure().getReason() : "ok";
      case OBSERVATION -> "seen";
      case PHASE_UNSPECIFIED, UNRECOGNIZED -> "-";
    };
  }

  static String detail(Event event) {
    return event.hasFailure() ? event.getFailure().getMessage() : payload(event);
  }

  private static String payload(Event event) {
    return switch (event.getPayloadCase()) {
      case SANDBOX_CREATED -> cgroup(event.getSandboxCreated().getCgroup());
      case SANDBOX_LOST -> event.getSandboxLost().getCause();
      case CONTAINER_CREATED -> String.join(" ", event.getContainerCreated().getArgsList());
      case CONTAINER_STARTED -> pid(event.getContainerStarted().getPid());
      case CONTAINER_EXITED -> "exit " + Text.exit(event.getContainerExited().getStatus());
      case CONTAINER_DELETED -> event.getContainerDeleted().getForced() ? "forced" : "";
      case EXEC_STARTED -> String.join(" ", event.getExecStarted().getArgsList());
      case EXEC_EXITED -> "exit " + Text.exit(event.getExecExited().getStatus());
      case SIGNAL_SENT ->
          "SIG"
              + Signals.name(event.getSignalSent().getSignal())
              + " to "
              + event.getSignalSent().getTarget();
      case HOOK_STARTED ->
          event.getHookStarted().getKind() + " " + event.getHookStarted().getPath();
      case HOOK_FINISHED -> hook(event.getHookFinished());
      case OOM_SCORE_ADJUSTED ->
          event.getOomScoreAdjusted().getFrom() + " to " + event.getOomScoreAdjusted().getTo();
      case CGROUP_CONFIGURED -> cgroup(event.getCgroupConfigured().getCgroup());
      case NAMESPACE_ENTERED -> String.join(" ", event.getNamespaceEntered().getNamespacesList());
      case OOM_KILLED ->
          event.getOomKilled().getKills() + " killed" + limitOf(event.getOomKilled().getLimitOf());
      case PIDS_LIMIT_REACHED -> refused(event.getPidsLimitReached());
      case MEMORY_PRESSURE -> pressed(event.getMemoryPressure());
      case REQUEST_DENIED ->
          event.getRequestDenied().getOperation() + ": " + event.getRequestDenied().getReason();
      case EXECUTOR_STARTED ->
          "the epoch before ended: " + event.getExecutorStarted().getPreviousEnd();
      case RECOVERED -> event.getRecovered().getFound();
      case GAP -> event.getGap().getCount() + " events not recorded: " + event.getGap().getCause();
      case NETWORK_ATTACHED -> attached(event.getNetworkAttached());
      case NETWORK_DETACHED -> event.getNetworkDetached().getNetwork();
      case RESOURCES_UPDATED -> updated(event.getResourcesUpdated());
      case PORT_FORWARD_OPENED -> "port " + event.getPortForwardOpened().getPort();
      case PORT_FORWARD_CLOSED -> closed(event.getPortForwardClosed());
      case JOURNAL_CHECKPOINT -> checkpoint(event.getJournalCheckpoint());
      case ATTACH_OPENED -> String.join(" ", event.getAttachOpened().getStreamsList());
      case SANDBOX_DELETED, CONTAINER_PAUSED, CONTAINER_RESUMED, PAYLOAD_NOT_SET -> "";
    };
  }

  private static String checkpoint(JournalCheckpoint signed) {
    return "signed to " + signed.getSeq() + (signed.getLast() ? ", the end" : "");
  }

  private static String limitOf(String whose) {
    return whose.isEmpty() ? "" : ", limit of the " + whose;
  }

  private static String refused(PidsLimitReached reached) {
    return reached.getRefusals()
        + " forks refused at "
        + reached.getLimit()
        + limitOf(reached.getLimitOf());
  }

  private static String pressed(MemoryPressure pressure) {
    return "waited for memory %d ms of %d ms"
        .formatted(
            MICROSECONDS.toMillis(pressure.getSomeMicroseconds()),
            MICROSECONDS.toMillis(pressure.getWindowMicroseconds()));
  }

  private static String attached(NetworkAttached attached) {
    return attached.getNetwork() + " " + String.join(" ", attached.getAddressesList());
  }

  private static String updated(ResourcesUpdated updated) {
    String changes =
        updated.getChangesList().stream()
            .map(one -> one.getFile() + " from " + one.getBefore() + " to " + one.getAfter())
            .collect(Collectors.joining(", "));
    return changes.isEmpty() ? updated.getTarget() : updated.getTarget() + ": " + changes;
  }

  private static String closed(PortForwardClosed closed) {
    return "port %d: %s, %d bytes in, %d out"
        .formatted(
            closed.getPort(),
            closed.getCause(),
            closed.getBytesToSandbox(),
            closed.getBytesFromSandbox());
  }

  private static String hook(HookFinished hook) {
    String end = hook.getTimedOut() ? "timed out" : "exit " + Text.exit(hook.getStatus());
    return hook.getKind()
        + " "
        + hook.getPath()
        + ": "
        + end
        + " after "
        + millis(hook.getDuration());
  }

  private static String millis(Duration duration) {
    return Durations.toMillis(duration) + " ms";
  }

  private static String cgroup(String path) {
    return path.isEmpty() ? "" : "cgroup " + path;
  }

  private static String pid(int pid) {
    return pid == 0 ? "" : "pid " + pid;
  }

  private static String orDash(String text) {
    return text.isEmpty() ? "-" : text;
  }
}
