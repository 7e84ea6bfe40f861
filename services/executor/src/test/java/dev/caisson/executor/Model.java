package dev.caisson.executor;

import dev.caisson.model.Operation;
import dev.caisson.model.Transition;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerState;
import java.util.Optional;

/**
 * What containers do, on a page: the state machine that the executor keeps to, and what is left.
 */
final class Model {
  /** There is none of the id. */
  static final ContainerState NONE = ContainerState.CONTAINER_STATE_UNSPECIFIED;

  enum Verb {
    CREATE(Optional.empty()),
    /** From its creation to its deletion. */
    RUN(Optional.empty()),
    START(Optional.of(Operation.START)),
    KILL(Optional.of(Operation.SIGNAL)),
    /** The same, while several wait for its end. */
    WAIT(Optional.of(Operation.SIGNAL)),
    PAUSE(Optional.of(Operation.PAUSE)),
    RESUME(Optional.of(Operation.RESUME)),
    DELETE(Optional.of(Operation.DELETE)),
    FORCE(Optional.of(Operation.FORCED_DELETE)),
    EXEC(Optional.of(Operation.EXEC)),
    /** Of whatever there is. */
    LOGS(Optional.of(Operation.WAIT));

    private final Optional<Operation> operation;

    Verb(Optional<Operation> operation) {
      this.operation = operation;
    }

    /** What it leaves, where the state machine allows it. */
    private ContainerState after(dev.caisson.model.ContainerState next) {
      return switch (this) {
        case KILL, WAIT -> ContainerState.STOPPED;
        case DELETE, FORCE, RUN -> NONE;
        case CREATE, START, PAUSE, RESUME, EXEC, LOGS -> ContainerState.valueOf(next.name());
      };
    }

    /** How many successes are recorded of one that succeeds. */
    long recorded() {
      return switch (this) {
        case LOGS -> 0;
        case RUN -> 3; // created, started, deleted
        case CREATE, START, KILL, WAIT, PAUSE, RESUME, DELETE, FORCE, EXEC -> 1;
      };
    }
  }

  /**
   * What comes of a verb.
   *
   * @param refused empty: it succeeds
   */
  record Step(ContainerState state, Optional<Reason> refused) {}

  private Model() {}

  static Step step(ContainerState state, Verb verb) {
    if (verb == Verb.CREATE || verb == Verb.RUN) {
      return state == NONE
          ? new Step(verb.after(dev.caisson.model.ContainerState.CREATED), Optional.empty())
          : new Step(state, Optional.of(Reason.CONTAINER_EXISTS));
    }
    if (state == NONE) {
      return new Step(state, Optional.of(Reason.CONTAINER_NOT_FOUND));
    }
    Operation operation = verb.operation.orElseThrow();
    return switch (operation.in(dev.caisson.model.ContainerState.valueOf(state.name()))) {
      case Transition.Allowed(var next) -> new Step(verb.after(next), Optional.empty());
      case Transition.Refused _ -> new Step(state, Optional.of(Reason.WRONG_STATE));
    };
  }
}
