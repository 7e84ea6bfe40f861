package dev.caisson.executor.hook;

import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pipe;
import dev.caisson.proto.types.v1.Hook;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Runs hooks to their end.
 *
 * <p>Thread-safe. All of a hook's session can be killed; what it prints is read and its end kept,
 * so that nothing that it leaves behind holds anything up.
 */
public final class HookRunner {
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(10);
  private static final int SIGKILL = 9;

  private final Kernel kernel;
  private final PollLoop loop;

  /**
   * @param loop reads what hooks print
   */
  public HookRunner(Kernel kernel, PollLoop loop) {
    this.kernel = kernel;
    this.loop = loop;
  }

  /**
   * Blocks until the hook has ended, or was killed at its timeout.
   *
   * @param most that a hook may take, and has when it names no timeout of its own
   */
  public HookOutcome run(HookPlace place, Hook hook, StateJson state, Duration most) {
    long began = System.nanoTime();
    Pipe output = output();
    Tail tail = new Tail(kernel.files(), loop, output.read());
    Watched watched;
    try (Fd write = output.write();
        Fd input = input(state)) {
      watched = watch(place, hook, input, write, timeout(hook, most));
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

  private Pipe output() {
    Pipe output = kernel.files().pipe();
    try {
      kernel.files().setBlocking(output.read(), false);
      return output;
    } catch (RuntimeException e) {
      output.read().close();
      output.write().close();
      throw e;
    }
  }

  private record Watched(Optional<ProcessEnd> end, boolean timedOut, Optional<String> problem) {}

  private Watched watch(HookPlace place, Hook hook, Fd input, Fd output, Duration timeout) {
    try (HookPlace.Running running = place.start(hook, input, output)) {
      Optional<ProcessEnd> end = awaitEnd(running, timeout);
      if (end.isPresent()) {
        return new Watched(end, false, problem(end.get()));
      }
      kill(running.pidfd());
      String problem = "it took longer than " + seconds(timeout) + " s and was killed";
      return new Watched(running.awaitEnd(KILL_TIMEOUT), true, Optional.of(problem));
    } catch (RefusedException e) {
      return new Watched(Optional.empty(), false, Optional.of(e.refusal().message()));
    }
  }

  private Optional<ProcessEnd> awaitEnd(HookPlace.Running running, Duration timeout) {
    try {
      return running.awaitEnd(timeout);
    } catch (RefusedException e) {
      kill(running.pidfd());
      throw e;
    }
  }

  private static Optional<String> problem(ProcessEnd end) {
    if (end.signal() != 0) {
      return Optional.of("it was ended by signal " + end.signal());
    }
    return end.code() == 0 ? Optional.empty() : Optional.of("it ended with code " + end.code());
  }

  /** Of what was left of them, in whole ones. */
  private static long seconds(Duration timeout) {
    return timeout.plusNanos(999_999_999).toSeconds();
  }

  private static Duration timeout(Hook hook, Duration most) {
    Duration asked = Duration.ofSeconds(Integer.toUnsignedLong(hook.getTimeoutSeconds()));
    return hook.hasTimeoutSeconds() && asked.compareTo(most) < 0 ? asked : most;
  }

  /** It, and what it has started, unless that has left its session. */
  private void kill(Fd pidfd) {
    try {
      kernel.processes().signalGroup(pidfd, SIGKILL);
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }

  /** A file, not a pipe: a hook that does not read it holds nothing up. */
  private Fd input(StateJson state) {
    ByteBuffer text = ByteBuffer.wrap(state.text().getBytes(StandardCharsets.UTF_8));
    try (Fd file = kernel.files().sealedMemory("state", text)) {
      return kernel.files().open(Path.of("/proc/self/fd/" + file.number()), OpenFlag.READ_ONLY);
    }
  }
}
