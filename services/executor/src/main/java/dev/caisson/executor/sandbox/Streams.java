package dev.caisson.executor.sandbox;

import dev.caisson.executor.plan.Passed;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.proto.executor.v1.StdioMode;
import dev.caisson.proto.types.v1.DonatedDescriptors;

/**
 * What a process gets of descriptors.
 *
 * @param attachable whether somebody may attach to its standard streams
 * @param passed what a local caller gives it
 */
record Streams(boolean attachable, Passed passed) {
  /** Somebody may attach, and that is all. */
  static final Streams ATTACHABLE = new Streams(true, Passed.NONE);

  /**
   * Of a container's first process.
   *
   * @throws dev.caisson.executor.refusal.RefusedException if the two contradict each other
   */
  static Streams of(StdioMode stdio, DonatedDescriptors donated, boolean terminal) {
    Passed passed = Passed.of(donated, terminal);
    boolean attachable = stdio == StdioMode.PIPE;
    if (attachable && passed.streams()) {
      throw Refusal.invalid("stdio", "be DISCARD where streams or a console are donated", stdio)
          .exception();
    }
    return new Streams(attachable, passed);
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
