package dev.caisson.executor.hook;

import dev.caisson.executor.init.InitLauncher;
import dev.caisson.executor.init.LaunchedInit;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.init.Progress;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.init.RunningProgram;
import dev.caisson.executor.init.StartedProcess;
import dev.caisson.executor.plan.HookFacts;
import dev.caisson.executor.plan.HookPlan;
import dev.caisson.executor.plan.Machine;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.Program;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Interest;
import dev.caisson.linux.Kernel;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.OpenFlag;
import dev.caisson.linux.Pipe;
import dev.caisson.proto.types.v1.Hook;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Runs hooks: in the host's namespaces, by a caisson-init that serves for nothing else and ends
 * with the executor.
 *
 * <p>Thread-safe. A hook is in a session of its own, so that all of it can be killed; what it
 * prints is read and its end kept, so that nothing that it leaves behind holds anything up.
 */
public final class HookRunner implements AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(10);
  private static final int SIGKILL = 9;
  private static final HookFacts IN_HOST = new HookFacts(Optional.empty());

  private final Kernel kernel;
  private final PollLoop loop;
  private final Machine machine;
  private final LaunchedInit helper;
  private final PollLoop.Watch reports;
  private final ConcurrentMap<Long, CompletableFuture<ProcessEnd>> running =
      new ConcurrentHashMap<>();
  private final AtomicLong tokens = new AtomicLong();

  /**
   * @param socket where the helper listens; a path of this life of the executor alone
   */
  public HookRunner(
      Kernel kernel, InitLauncher launcher, PollLoop loop, Machine machine, Path socket) {
    this.kernel = kernel;
    this.loop = loop;
    this.machine = machine;
    this.helper = launch(launcher, socket);
    this.reports = loop.watch(helper.client().connection(), ready -> drain());
    reports.arm(Interest.IN);
  }

  private LaunchedInit launch(InitLauncher launcher, Path socket) {
    Plan plan = HookPlan.helper();
    RunRequest request =
        new RunRequest(
            0,
            ByteBuffer.wrap(Program.encode(plan, machine)),
            plan.cloneFlags(),
            Optional.empty(),
            Optional.empty(),
            List.of());
    LaunchedInit launched = launcher.launch(socket, request, true, this::ended);
    launched.awaitReady(START_TIMEOUT);
    remove(socket);
    return launched;
  }

  /** Nobody connects to it again. */
  private static void remove(Path socket) {
    try {
      java.nio.file.Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to remove the helper's socket", e);
    }
  }

  private void drain() {
    if (helper.client().drain()) {
      reports.arm(Interest.IN);
    }
  }

  private void ended(ProcessEnd end) {
    @Nullable CompletableFuture<ProcessEnd> waiting = running.remove(end.token());
    if (waiting != null) {
      waiting.complete(end);
    }
  }

  /**
   * Blocks until the hook has ended, or was killed at its timeout.
   *
   * @param most that a hook may take, and has when it names no timeout of its own
   */
  public HookOutcome run(Hook hook, StateJson state, Duration most) {
    long began = System.nanoTime();
    long token = tokens.incrementAndGet();
    CompletableFuture<ProcessEnd> end = new CompletableFuture<>();
    running.put(token, end);
    Pipe output = kernel.files().pipe();
    kernel.files().setBlocking(output.read(), false);
    Tail tail = new Tail(kernel.files(), loop, output.read());
    Watched watched;
    try (Fd write = output.write();
        Fd input = input(state)) {
      watched = watch(hook, start(hook, token, input, write), end, timeout(hook, most));
    } catch (RuntimeException e) {
      var _ = tail.finish();
      throw e;
    } finally {
      running.remove(token);
    }
    helper.client().acknowledge(token);
    return new HookOutcome(
        watched.end(),
        watched.timedOut(),
        Duration.ofNanos(System.nanoTime() - began),
        tail.finish().join(),
        watched.problem());
  }

  private record Watched(Optional<ProcessEnd> end, boolean timedOut, Optional<String> problem) {}

  private StartedProcess start(Hook hook, long token, Fd input, Fd output) {
    Plan plan = HookPlan.compile(hook, IN_HOST);
    return helper
        .client()
        .run(
            new RunRequest(
                token,
                ByteBuffer.wrap(Program.encode(plan, machine)),
                plan.cloneFlags(),
                Optional.empty(),
                Optional.empty(),
                List.of(input, output, output)));
  }

  private Watched watch(
      Hook hook, StartedProcess process, CompletableFuture<ProcessEnd> end, Duration timeout) {
    try (Fd pidfd = process.pidfd();
        RunningProgram program = process.program()) {
      Optional<String> failure = startFailure(hook, program.await(START_TIMEOUT));
      boolean timedOut = !ended(end, timeout);
      if (timedOut) {
        kill(pidfd);
        var _ = ended(end, KILL_TIMEOUT);
      }
      Optional<ProcessEnd> known = Optional.ofNullable(end.getNow(null));
      return new Watched(known, timedOut, failure.or(() -> problem(known, timedOut, timeout)));
    }
  }

  private static Optional<String> startFailure(Hook hook, Progress progress) {
    return switch (progress) {
      case Progress.Executed() -> Optional.empty();
      case Progress.Failed(int step, Errno errno) ->
          Optional.of(
              "the executor failed to "
                  + HookPlan.compile(hook, IN_HOST).describe(step)
                  + ": "
                  + errno.name()
                  + " ("
                  + errno.number()
                  + ")");
      case Progress.AtBarrier(int step) -> throw new IllegalStateException("barrier " + step);
      case Progress.Malformed() -> throw new IllegalStateException("malformed program");
    };
  }

  private static Optional<String> problem(
      Optional<ProcessEnd> end, boolean timedOut, Duration timeout) {
    if (timedOut) {
      return Optional.of("it took longer than " + timeout.toSeconds() + " s and was killed");
    }
    return end.flatMap(known -> {
      if (known.signal() != 0) {
        return Optional.of("it was ended by signal " + known.signal());
      }
      return known.code() == 0
          ? Optional.empty()
          : Optional.of("it ended with code " + known.code());
    });
  }

  private static Duration timeout(Hook hook, Duration most) {
    Duration asked = Duration.ofSeconds(Integer.toUnsignedLong(hook.getTimeoutSeconds()));
    return hook.hasTimeoutSeconds() && asked.compareTo(most) < 0 ? asked : most;
  }

  private static boolean ended(CompletableFuture<ProcessEnd> end, Duration timeout) {
    try {
      var _ = end.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
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

  private void reap(Fd pidfd) {
    if (kernel.processes().awaitEnd(pidfd, KILL_TIMEOUT)) {
      var _ = kernel.processes().reap(pidfd);
    }
  }

  @Override
  public void close() {
    reports.cancel();
    helper.client().close(); // the helper ends with its connection
    reap(helper.process().pidfd());
    helper.process().pidfd().close();
    helper.process().program().close();
  }
}
