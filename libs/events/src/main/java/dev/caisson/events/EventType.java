package dev.caisson.events;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The CloudEvents type of each event, from its payload and its phase:
 *
 * <ul>
 *   <li>an intent: {@code dev.caisson.container.start.requested.v1}
 *   <li>an outcome without effect: {@code dev.caisson.container.start.failed.v1}
 *   <li>a successful outcome, or an observation: {@code dev.caisson.container.started.v1}
 *   <li>a payload of a newer version: {@code dev.caisson.event.unknown.v1}
 * </ul>
 *
 * @param subject what it is about, `container`
 * @param verb the operation, `start`
 * @param participle what has happened, `started`
 */
public record EventType(String subject, String verb, String participle) {

  /** Looked up for each event of a node's record. */
  private static final Map<PayloadCase, EventType> TYPES =
      Arrays.stream(PayloadCase.values())
          .collect(
              Collectors.toMap(
                  Function.identity(),
                  EventType::made,
                  (one, _) -> one,
                  () -> new EnumMap<>(PayloadCase.class)));

  /** What cannot be decoded is carried all the same, under this type. */
  public static final String UNREADABLE = "dev.caisson.event.unreadable.v1";

  public EventType {
    requireWord("subject", subject);
    requireWord("verb", verb);
    requireWord("participle", participle);
  }

  /** The CloudEvents type; never fails. */
  public static String of(Event event) {
    EventType type = of(event.getPayloadCase());
    return switch (event.getPhase()) {
      case INTENT -> type.requested();
      case OUTCOME -> event.hasFailure() ? type.failed() : type.happened();
      case OBSERVATION, PHASE_UNSPECIFIED, UNRECOGNIZED -> type.happened();
    };
  }

  static EventType of(PayloadCase payload) {
    return Objects.requireNonNull(TYPES.get(payload));
  }

  private static EventType made(PayloadCase payload) {
    return switch (payload) {
      case SANDBOX_CREATED -> new EventType("sandbox", "create", "created");
      case SANDBOX_LOST -> new EventType("sandbox", "lose", "lost");
      case SANDBOX_DELETED -> new EventType("sandbox", "delete", "deleted");
      case CONTAINER_CREATED -> new EventType("container", "create", "created");
      case CONTAINER_STARTED -> new EventType("container", "start", "started");
      case CONTAINER_PAUSED -> new EventType("container", "pause", "paused");
      case CONTAINER_RESUMED -> new EventType("container", "resume", "resumed");
      case CONTAINER_EXITED -> new EventType("container", "exit", "exited");
      case CONTAINER_DELETED -> new EventType("container", "delete", "deleted");
      case EXEC_STARTED -> new EventType("exec", "start", "started");
      case EXEC_EXITED -> new EventType("exec", "exit", "exited");
      case SIGNAL_SENT -> new EventType("signal", "send", "sent");
      case HOOK_STARTED -> new EventType("hook", "start", "started");
      case HOOK_FINISHED -> new EventType("hook", "run", "finished");
      case OOM_SCORE_ADJUSTED -> new EventType("oomscore", "adjust", "adjusted");
      case CGROUP_CONFIGURED -> new EventType("cgroup", "configure", "configured");
      case NAMESPACE_ENTERED -> new EventType("namespace", "enter", "entered");
      case OOM_KILLED -> new EventType("container", "oomkill", "oomkilled");
      case PIDS_LIMIT_REACHED -> new EventType("container", "refusefork", "forkrefused");
      case MEMORY_PRESSURE -> new EventType("container", "pressmemory", "memorypressed");
      case REQUEST_DENIED -> new EventType("request", "deny", "denied");
      case EXECUTOR_STARTED -> new EventType("executor", "start", "started");
      case RECOVERED -> new EventType("container", "recover", "recovered");
      case GAP -> new EventType("journal", "omit", "omitted");
      case ATTACH_OPENED -> new EventType("attach", "open", "opened");
      case NETWORK_ATTACHED -> new EventType("network", "attach", "attached");
      case NETWORK_DETACHED -> new EventType("network", "detach", "detached");
      case RESOURCES_UPDATED -> new EventType("resources", "update", "updated");
      case PORT_FORWARD_OPENED -> new EventType("portforward", "open", "opened");
      case PORT_FORWARD_CLOSED -> new EventType("portforward", "close", "closed");
      case JOURNAL_CHECKPOINT -> new EventType("journal", "sign", "signed");
      case PAYLOAD_NOT_SET -> new EventType("event", "know", "unknown");
    };
  }

  private String requested() {
    return "dev.caisson." + subject + "." + verb + ".requested.v1";
  }

  private String failed() {
    return "dev.caisson." + subject + "." + verb + ".failed.v1";
  }

  private String happened() {
    return "dev.caisson." + subject + "." + participle + ".v1";
  }

  private static void requireWord(String field, String value) {
    if (!value.matches("[a-z]+")) {
      throw new IllegalArgumentException(field + " must be lower-case letters: " + value);
    }
  }
}
