package dev.caisson.executor.guard;

import java.util.List;

/** A policy that cannot be used, with all that is wrong with it. */
public final class InvalidPolicyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  InvalidPolicyException(List<String> problems) {
    super(
        "The guard's policy has " + problems.size() + " problems: " + String.join("; ", problems));
    this.problems = List.copyOf(problems);
  }

  public List<String> problems() {
    return problems;
  }
}
