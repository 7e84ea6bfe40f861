package dev.caisson.model;

import java.util.Set;

/** What can be asked of a container. */
public enum Operation {
  START("start"),
  RESTORE("restore"),
  EXEC("execute in"),
  ATTACH("attach to"),
  SIGNAL("signal"),
  PAUSE("pause"),
  RESUME("resume"),
  UPDATE("update"),
  CHECKPOINT("checkpoint"),
  LIST_PROCESSES("list processes of"),
  GET_STATS("get statistics of"),
  PORT_FORWARD("forward a port of"),
  WAIT("wait for"),
  DELETE("delete"),
  FORCED_DELETE("delete");

  private final String verb;

  Operation(String verb) {
    this.verb = verb;
  }

  /** Whether it can be done now, and what the state is when it is done. */
  public Transition in(ContainerState state) {
    return allowed().contains(state)
        ? new Transition.Allowed(after(state))
        : new Transition.Refused(this, state);
  }

  /** States in which it is possible. */
  public Set<ContainerState> allowed() {
    return switch (this) {
      case START, RESTORE -> Set.of(ContainerState.CREATED);
      case EXEC, PAUSE, PORT_FORWARD -> Set.of(ContainerState.RUNNING);
      case RESUME -> Set.of(ContainerState.PAUSED);
      case LIST_PROCESSES -> Set.of(ContainerState.RUNNING, ContainerState.PAUSED);
      case ATTACH, SIGNAL, UPDATE, CHECKPOINT, GET_STATS ->
          Set.of(ContainerState.CREATED, ContainerState.RUNNING, ContainerState.PAUSED);
      case DELETE -> Set.of(ContainerState.CREATED, ContainerState.STOPPED);
      case WAIT, FORCED_DELETE -> Set.of(ContainerState.values());
    };
  }

  private ContainerState after(ContainerState state) {
    return switch (this) {
      case START, RESTORE, RESUME -> ContainerState.RUNNING;
      case PAUSE -> ContainerState.PAUSED;
      case DELETE, FORCED_DELETE -> ContainerState.STOPPED;
      case EXEC,
          ATTACH,
          SIGNAL,
          UPDATE,
          CHECKPOINT,
          LIST_PROCESSES,
          GET_STATS,
          PORT_FORWARD,
          WAIT ->
          state;
    };
  }

  /** Before the container: "start", "execute in". */
  public String verb() {
    return verb;
  }
}
