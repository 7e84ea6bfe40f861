package dev.caisson.executor.hook;

import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pipe;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Waits for programs of the operator's, and ends those that take too long, with all that they have
 * started in their session.
 */
final class Supervision {
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(10);
  private static final int SIGKILL = 9;

  private final Kernel kernel;

  Supervision(Kernel kernel) {
    this.kernel = kernel;
  }

  /**
   * What came of one.
   *
   * @param end empty when it could not be started
   * @param problem why it did not succeed, in words
   */
  record Watched(Optional<ProcessEnd> end, boolean timedOut, Optional<String> problem) {}

  /** Blocks until it has ended, or was killed when the time was up. */
  Watched watch(Supplier<HookPlace.Running> start, Duration timeout) {
    try (HookPlace.Running running = start.get()) {
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

  /** What it prints: the end that is read does not block. */
  Pipe output() {
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

  /** A file, not a pipe: a program that does not read it holds nothing up. */
  Fd input(String text) {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    try (Fd file = kernel.files().sealedMemory("input", bytes)) {
      return kernel.files().open(Path.of("/proc/self/fd/" + file.number()), OpenFlag.READ_ONLY);
    }
  }
}
