package dev.caisson.model;

import java.util.Arrays;
import java.util.stream.Collectors;

/** The answer to an operation on a container in some state. */
public sealed interface Transition {

  /** It can be done. */
  record Allowed(ContainerState next) implements Transition {}

  /** It cannot. */
  record Refused(Operation operation, ContainerState state) implements Transition {

    /** Why not, and what would make it possible. */
    public String why() {
      return "it is %s, and must be %s".formatted(state.text(), possible());
    }

    private String possible() {
      return Arrays.stream(ContainerState.values())
          .filter(operation.allowed()::contains)
          .map(ContainerState::text)
          .collect(Collectors.joining(" or "));
    }
  }
}
