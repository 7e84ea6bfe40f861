package dev.caisson.executor.hook;

import dev.caisson.executor.init.InitClient;
import dev.caisson.executor.init.InitException;
import dev.caisson.executor.init.InitLauncher;
import dev.caisson.executor.init.LaunchedInit;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.init.Progress;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.init.RunningProgram;
import dev.caisson.executor.init.Spawner;
import dev.caisson.executor.init.StartedProcess;
import dev.caisson.executor.plan.FirstPlan;
import dev.caisson.executor.plan.HookFacts;
import dev.caisson.executor.plan.HookPlan;
import dev.caisson.executor.plan.Machine;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.Program;
import dev.caisson.executor.poll.PollLoop;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Interest;
import dev.caisson.linux.Kernel;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.Hook;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What runs in the host's namespaces: hooks, and the first processes of sandboxes. A caisson-init
 * that serves for nothing else starts them, the helper, which ends with the executor; where it has
 * ended before, the next one is started by another. A child of the executor itself would begin with
 * copies of thousands of descriptors.
 *
 * <p>Thread-safe.
 */
public final class HostProcesses implements HookPlace, Spawner, AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration END_TIMEOUT = Duration.ofSeconds(10);
  private static final HookFacts IN_HOST = new HookFacts(Optional.empty());
  private static final Plan FIRST = FirstPlan.compile(LISTEN_DESCRIPTOR);

  private final Kernel kernel;
  private final InitLauncher launcher;
  private final PollLoop loop;
  private final Machine machine;
  private final Path socket;
  private final AtomicLong tokens = new AtomicLong();
  private Helper helper;

  /**
   * @param socket where the helper listens; a path of this life of the executor alone
   */
  public HostProcesses(
      Kernel kernel, InitLauncher launcher, PollLoop loop, Machine machine, Path socket) {
    this.kernel = kernel;
    this.launcher = launcher;
    this.loop = loop;
    this.machine = machine;
    this.socket = socket;
    this.helper = new Helper();
  }

  private synchronized Helper helper() {
    if (helper.hasEnded()) {
      helper.lose();
      helper.close();
      helper = new Helper();
    }
    return helper;
  }

  /** The caisson-init, and what it has started. */
  private final class Helper {
    private final ConcurrentMap<Long, CompletableFuture<ProcessEnd>> running =
        new ConcurrentHashMap<>();
    private final LaunchedInit launched;
    private final PollLoop.Watch reports;

    Helper() {
      this.launched = launch();
      this.reports = loop.watch(launched.client().connection(), ready -> drain());
      reports.arm(Interest.IN);
    }

    private LaunchedInit launch() {
      try {
        RunRequest request = request(0, HookPlan.helper(), List.of());
        LaunchedInit ready = launcher.launch(socket, request, true, this::ended);
        ready.awaitReady(START_TIMEOUT);
        return ready;
      } finally {
        remove(socket);
      }
    }

    InitClient client() {
      return launched.client();
    }

    boolean hasEnded() {
      return !client().drain();
    }

    private void drain() {
      if (client().drain()) {
        reports.arm(Interest.IN);
      } else {
        lose();
      }
    }

    /** Who waits for what it has started is told at once. */
    void lose() {
      running.values().forEach(one -> one.completeExceptionally(lost()));
    }

    private void ended(ProcessEnd end) {
      @Nullable CompletableFuture<ProcessEnd> waiting = running.remove(end.token());
      if (waiting != null) {
        waiting.complete(end);
      } else {
        client().acknowledge(end.token()); // of one that was given up
      }
    }

    InHost start(
        Plan plan, List<Fd> donated, Function<String, ? extends RuntimeException> failure) {
      long token = tokens.incrementAndGet();
      CompletableFuture<ProcessEnd> end = new CompletableFuture<>();
      running.put(token, end);
      try {
        StartedProcess process = client().run(request(token, plan, donated));
        try (RunningProgram program = process.program()) {
          requireExecuted(plan, program.await(START_TIMEOUT), failure);
          return new InHost(this, token, process.pidfd(), end);
        } catch (RuntimeException e) {
          var _ = kernel.processes().kill(process.pidfd());
          process.pidfd().close();
          throw e;
        }
      } catch (RuntimeException e) {
        running.remove(token);
        throw e;
      }
    }

    void forget(long token, CompletableFuture<ProcessEnd> end) {
      if (running.remove(token) == null) { // it has ended, or is told so just now
        var _ = end.thenRun(() -> client().acknowledge(token));
      }
    }

    void close() {
      reports.cancel();
      client().close(); // it ends with its connection
      reap(launched.process().pidfd());
      launched.process().pidfd().close();
      launched.process().program().close();
    }
  }

  private RunRequest request(long token, Plan plan, List<Fd> donated) {
    return new RunRequest(
        token,
        ByteBuffer.wrap(Program.encode(plan, machine)),
        plan.cloneFlags(),
        Optional.empty(),
        Optional.empty(),
        donated);
  }

  /** Nobody connects to it again. */
  private static void remove(Path socket) {
    try {
      java.nio.file.Files.deleteIfExists(socket);
    } catch (IOException e) {
      throw new UncheckedIOException("Failed to remove the helper's socket", e);
    }
  }

  private static RuntimeException lost() {
    return new Refusal(
            Reason.HOOK_FAILED,
            "what the executor starts hooks with has ended, so that nobody knows how it ended; it"
                + " was killed",
            Map.of())
        .exception();
  }

  @Override
  public Running start(Hook hook, Fd input, Fd output) {
    return helper()
        .start(
            HookPlan.compile(hook, IN_HOST),
            List.of(input, output, output),
            words -> new Refusal(Reason.HOOK_FAILED, words, Map.of()).exception());
  }

  /**
   * A network plugin, as it was compiled, with these descriptors, which stay the caller's.
   *
   * @throws dev.caisson.executor.refusal.RefusedException in words if it cannot be executed
   */
  Running startPlugin(Plan plan, List<Fd> given) {
    return helper()
        .start(
            plan, given, words -> new Refusal(Reason.NETWORK_FAILED, words, Map.of()).exception());
  }

  @Override
  public First spawn(Fd binary, Fd listening) {
    return helper().start(FIRST, List.of(listening, binary), InitException::new);
  }

  private static void requireExecuted(
      Plan plan, Progress progress, Function<String, ? extends RuntimeException> failure) {
    switch (progress) {
      case Progress.Executed() -> {}
      case Progress.Failed(int step, Errno errno) -> {
        String words = "the executor failed to " + plan.describe(step) + ": " + errno.name();
        throw failure.apply(words + " (" + errno.number() + ")");
      }
      case Progress.AtBarrier(int step) -> throw new IllegalStateException("barrier " + step);
      case Progress.Malformed() -> throw new IllegalStateException("malformed program");
    }
  }

  private record InHost(Helper helper, long token, Fd pidfd, CompletableFuture<ProcessEnd> end)
      implements Running, First {
    @Override
    public Optional<ProcessEnd> awaitEnd(Duration timeout) {
      try {
        return Optional.of(end.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
      } catch (TimeoutException e) {
        return Optional.empty();
      } catch (ExecutionException e) {
        throw lost();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    }

    @Override
    public void close() {
      pidfd.close();
      helper.forget(token, end);
    }
  }

  private void reap(Fd pidfd) {
    if (kernel.processes().awaitEnd(pidfd, END_TIMEOUT)) {
      var _ = kernel.processes().reap(pidfd);
    }
  }

  @Override
  public synchronized void close() {
    helper.close();
  }
}
