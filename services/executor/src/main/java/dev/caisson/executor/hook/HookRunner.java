package dev.caisson.executor.hook;

import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.Pipe;
import dev.caisson.proto.types.v1.Hook;
import java.time.Duration;

/**
 * Runs hooks to their end.
 *
 * <p>Thread-safe. All of a hook's session can be killed; what it prints is read and its end kept,
 * so that nothing that it leaves behind holds anything up.
 */
public final class HookRunner {
  private final Kernel kernel;
  private final PollLoop loop;
  private final Supervision supervision;

  /**
   * @param loop reads what hooks print
   */
  public HookRunner(Kernel kernel, PollLoop loop) {
    this.kernel = kernel;
    this.loop = loop;
    this.supervision = new Supervision(kernel);
  }

  /**
   * Blocks until the hook has ended, or was killed at its timeout.
   *
   * @param most that a hook may take, and has when it names no timeout of its own
   */
  public HookOutcome run(HookPlace place, Hook hook, StateJson state, Duration most) {
    long began = System.nanoTime();
    Pipe output = supervision.output();
    Tail tail = new Tail(kernel.files(), loop, output.read());
    Supervision.Watched watched;
    try (Fd write = output.write();
        Fd input = supervision.input(state.text())) {
      watched = supervision.watch(() -> place.start(hook, input, write), timeout(hook, most));
    } catch (RuntimeException e) {
      var _ = tail.finish();
      throw e;
    }
    return new HookOutcome(
        watched.end(),
        watched.timedOut(),
        Duration.ofNanos(System.nanoTime() - began),
        tail.finish().join(),
        watched.problem());
  }

  private static Duration timeout(Hook hook, Duration most) {
    Duration asked = Duration.ofSeconds(Integer.toUnsignedLong(hook.getTimeoutSeconds()));
    return hook.hasTimeoutSeconds() && asked.compareTo(most) < 0 ? asked : most;
  }
}
