package dev.caisson.executor.hook;

import dev.caisson.executor.init.ProcessEnd;
import java.time.Duration;
import java.util.Optional;

/**
 * What came of a hook.
 *
 * @param end empty when it could not be started
 * @param problem why it did not succeed, in words; empty when it did
 * @param outputTail the end of what it printed, at most 4,096 bytes
 */
public record HookOutcome(
    Optional<ProcessEnd> end,
    boolean timedOut,
    Duration duration,
    String outputTail,
    Optional<String> problem) {

  /** One that was not started at all. */
  public static HookOutcome refused(String problem) {
    return new HookOutcome(Optional.empty(), false, Duration.ZERO, "", Optional.of(problem));
  }

  public boolean succeeded() {
    return problem.isEmpty();
  }
}
