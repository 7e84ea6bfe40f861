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
import org.jspecify.annotations.Nullable;

/**
 * Hooks in the host's namespaces, started by a caisson-init that serves for nothing else and ends
 * with the executor.
 *
 * <p>Thread-safe.
 */
public final class HostHooks implements HookPlace, AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration END_TIMEOUT = Duration.ofSeconds(10);
  private static final HookFacts IN_HOST = new HookFacts(Optional.empty());

  private final Kernel kernel;
  private final Machine machine;
  private final LaunchedInit helper;
  private final PollLoop.Watch reports;
  private final ConcurrentMap<Long, CompletableFuture<ProcessEnd>> running =
      new ConcurrentHashMap<>();
  private final AtomicLong tokens = new AtomicLong();

  /**
   * @param socket where the helper listens; a path of this life of the executor alone
   */
  public HostHooks(
      Kernel kernel, InitLauncher launcher, PollLoop loop, Machine machine, Path socket) {
    this.kernel = kernel;
    this.machine = machine;
    this.helper = launch(launcher, socket);
    this.reports = loop.watch(helper.client().connection(), ready -> drain());
    reports.arm(Interest.IN);
  }

  private LaunchedInit launch(InitLauncher launcher, Path socket) {
    Plan plan = HookPlan.helper();
    RunRequest request = request(0, plan, List.of());
    LaunchedInit launched = launcher.launch(socket, request, true, this::ended);
    launched.awaitReady(START_TIMEOUT);
    remove(socket);
    return launched;
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

  private void drain() {
    if (helper.client().drain()) {
      reports.arm(Interest.IN);
    }
  }

  private void ended(ProcessEnd end) {
    @Nullable CompletableFuture<ProcessEnd> waiting = running.remove(end.token());
    if (waiting != null) {
      waiting.complete(end);
    } else {
      helper.client().acknowledge(end.token()); // of one that was given up
    }
  }

  @Override
  public Running start(Hook hook, Fd input, Fd output) {
    Plan plan = HookPlan.compile(hook, IN_HOST);
    long token = tokens.incrementAndGet();
    CompletableFuture<ProcessEnd> end = new CompletableFuture<>();
    running.put(token, end);
    try {
      StartedProcess process =
          helper.client().run(request(token, plan, List.of(input, output, output)));
      try (RunningProgram program = process.program()) {
        requireExecuted(plan, program.await(START_TIMEOUT));
        return new InHost(token, process.pidfd(), end);
      } catch (RuntimeException e) {
        process.pidfd().close();
        throw e;
      }
    } catch (RuntimeException e) {
      running.remove(token);
      throw e;
    }
  }

  private static void requireExecuted(Plan plan, Progress progress) {
    switch (progress) {
      case Progress.Executed() -> {}
      case Progress.Failed(int step, Errno errno) -> {
        String words = "the executor failed to " + plan.describe(step) + ": " + errno.name();
        throw new Refusal(Reason.HOOK_FAILED, words + " (" + errno.number() + ")", Map.of())
            .exception();
      }
      case Progress.AtBarrier(int step) -> throw new IllegalStateException("barrier " + step);
      case Progress.Malformed() -> throw new IllegalStateException("malformed program");
    }
  }

  private final class InHost implements Running {
    private final long token;
    private final Fd pidfd;
    private final CompletableFuture<ProcessEnd> end;

    InHost(long token, Fd pidfd, CompletableFuture<ProcessEnd> end) {
      this.token = token;
      this.pidfd = pidfd;
      this.end = end;
    }

    @Override
    public Fd pidfd() {
      return pidfd;
    }

    @Override
    public Optional<ProcessEnd> awaitEnd(Duration timeout) {
      try {
        return Optional.of(end.get(timeout.toMillis(), TimeUnit.MILLISECONDS));
      } catch (TimeoutException e) {
        return Optional.empty();
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return Optional.empty();
      }
    }

    @Override
    public void close() {
      pidfd.close();
      if (running.remove(token) == null) { // it has ended, or is told so just now
        var _ = end.thenRun(() -> helper.client().acknowledge(token));
      }
    }
  }

  private void reap(Fd pidfd) {
    if (kernel.processes().awaitEnd(pidfd, END_TIMEOUT)) {
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
