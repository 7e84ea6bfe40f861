package dev.caisson.executor.hook;

import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.linux.Fd;
import dev.caisson.proto.types.v1.Hook;
import java.time.Duration;
import java.util.Optional;

/** Where hooks run: in the host's namespaces, or in a container's. */
public interface HookPlace {

  /**
   * Starts a hook, in a session of its own. Its program has been executed when this returns.
   *
   * @param input its standard input; still the caller's
   * @param output its standard output and error; still the caller's
   * @throws dev.caisson.executor.refusal.RefusedException in words if it cannot be executed; then
   *     nothing is left of it
   */
  Running start(Hook hook, Fd input, Fd output);

  /** A hook that was started. Closing it forgets it; it does not end it. */
  interface Running extends AutoCloseable {
    Fd pidfd();

    /**
     * Waits for its end; empty when the time was up first.
     *
     * @throws dev.caisson.executor.refusal.RefusedException in words when nobody can tell of it
     */
    Optional<ProcessEnd> awaitEnd(Duration timeout);

    @Override
    void close();
  }
}
