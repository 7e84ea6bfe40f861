package dev.caisson.executor;

import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerState;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What containers do, on a page. */
final class Model {
  /** There is none of the id. */
  static final ContainerState NONE = ContainerState.CONTAINER_STATE_UNSPECIFIED;

  enum Verb {
    CREATE,
    START,
    KILL,
    PAUSE,
    RESUME,
    DELETE,
    FORCE,
    EXEC
  }

  /**
   * What comes of a verb.
   *
   * @param refused empty: it succeeds
   */
  record Step(ContainerState state, Optional<Reason> refused) {}

  private static final Map<Verb, Set<ContainerState>> ALLOWED = new EnumMap<>(Verb.class);
  private static final Map<Verb, ContainerState> BECOMES = new EnumMap<>(Verb.class);

  static {
    allow(Verb.START, ContainerState.RUNNING, ContainerState.CREATED);
    allow(
        Verb.KILL,
        ContainerState.STOPPED,
        ContainerState.CREATED,
        ContainerState.RUNNING,
        ContainerState.PAUSED);
    allow(Verb.PAUSE, ContainerState.PAUSED, ContainerState.RUNNING);
    allow(Verb.RESUME, ContainerState.RUNNING, ContainerState.PAUSED);
    allow(Verb.EXEC, ContainerState.RUNNING, ContainerState.RUNNING);
    allow(Verb.DELETE, NONE, ContainerState.CREATED, ContainerState.STOPPED);
    allow(
        Verb.FORCE,
        NONE,
        ContainerState.CREATED,
        ContainerState.RUNNING,
        ContainerState.PAUSED,
        ContainerState.STOPPED);
  }

  private Model() {}

  private static void allow(Verb verb, ContainerState becomes, ContainerState... from) {
    ALLOWED.put(verb, EnumSet.copyOf(List.of(from)));
    BECOMES.put(verb, becomes);
  }

  static Step step(ContainerState state, Verb verb) {
    if (verb == Verb.CREATE) {
      return state == NONE
          ? new Step(ContainerState.CREATED, Optional.empty())
          : new Step(state, Optional.of(Reason.CONTAINER_EXISTS));
    }
    if (state == NONE) {
      return new Step(state, Optional.of(Reason.CONTAINER_NOT_FOUND));
    }
    return ALLOWED.getOrDefault(verb, Set.of()).contains(state)
        ? new Step(BECOMES.getOrDefault(verb, state), Optional.empty())
        : new Step(state, Optional.of(Reason.WRONG_STATE));
  }
}
