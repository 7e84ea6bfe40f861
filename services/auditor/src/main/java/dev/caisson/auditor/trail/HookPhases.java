package dev.caisson.auditor.trail;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.Event.PayloadCase;
import dev.caisson.proto.events.v1.Phase;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The phases of containers' lives in which their hooks may run: runtime-spec config.md,
 * "POSIX-platform Hooks". A phase lasts from the intent of an operation to its outcome; poststart
 * hooks come after that of the start. Of one sandbox; not thread-safe.
 */
final class HookPhases {

  private record Operation(String containerUid, PayloadCase kind) {}

  // How many: two clients may ask for the same.
  private final Map<Operation, Integer> open = new HashMap<>();

  /** Takes note of an operation on a container that begins or ends. */
  void follow(Event event) {
    Operation operation =
        new Operation(event.getSubject().getContainerUid(), event.getPayloadCase());
    open.merge(operation, event.getPhase() == Phase.INTENT ? 1 : -1, HookPhases::sum);
  }

  // Without those of which none is left.
  private static @Nullable Integer sum(int before, int change) {
    return before + change > 0 ? before + change : null;
  }

  /**
   * Why a hook must not run now.
   *
   * @param started whether its container's program was
   */
  Optional<String> objection(Event hook, boolean started) {
    String container = hook.getSubject().getContainerUid();
    String kind = hook.getHookStarted().getKind();
    boolean inPhase =
        switch (kind) {
          case "prestart", "createRuntime", "createContainer" ->
              during(container, PayloadCase.CONTAINER_CREATED);
          case "startContainer" -> during(container, PayloadCase.CONTAINER_STARTED);
          case "poststart" -> started;
          case "poststop" -> // also where a creation has failed
              during(container, PayloadCase.CONTAINER_DELETED)
                  || during(container, PayloadCase.CONTAINER_CREATED);
          default -> true; // of a newer executor
        };
    return inPhase
        ? Optional.empty()
        : Optional.of("A %s hook must not run at this time of its container".formatted(kind));
  }

  private boolean during(String container, PayloadCase operation) {
    return open.containsKey(new Operation(container, operation));
  }
}
