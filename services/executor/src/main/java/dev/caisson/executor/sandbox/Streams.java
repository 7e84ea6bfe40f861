package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Passed;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.DonatedDescriptors;

/**
 * What a process gets of descriptors.
 *
 * @param attachable whether its standard streams are the executor's
 * @param passed what a local caller gives it
 */
record Streams(boolean attachable, Passed passed) {
  /** They are, and that is all. */
  static final Streams ATTACHABLE = new Streams(true, Passed.NONE);

  /**
   * Of a container's first process.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if the two contradict each other
   */
  static Streams of(StdioMode stdio, boolean logs, DonatedDescriptors donated, boolean terminal) {
    Passed passed = Passed.of(donated, terminal);
    if (stdio == StdioMode.PIPE && passed.streams()) {
      throw Refusal.invalid("stdio", "be DISCARD where streams or a console are donated", stdio)
          .exception();
    }
    if (logs && passed.streams()) {
      throw Refusal.invalid(
              "logs", "be absent where streams or a console are donated", "output goes there")
          .exception();
    }
    return new Streams(Stdio.isPiped(stdio, logs), passed);
  }

  /** Of an exec'd process: where streams are donated its caller only waits. */
  static Streams ofExec(boolean detached, DonatedDescriptors donated, boolean terminal) {
    Passed passed = Passed.of(donated, terminal);
    return new Streams(!detached && !passed.streams(), passed);
  }

  /** Whether they are anything but /dev/null. */
  boolean any() {
    return attachable || passed.streams();
  }
}
