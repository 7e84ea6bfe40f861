package dev.caisson.executor.sandbox;

import dev.caisson.executor.hook.HookPlace;
import dev.caisson.executor.init.ProcessEnd;
import dev.caisson.executor.init.RunRequest;
import dev.caisson.executor.init.StartedProcess;
import dev.caisson.executor.plan.CgroupFacts;
import dev.caisson.executor.plan.HookPlan;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.plan.Program;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ContainerSpec;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Hooks in the namespaces of a container, started by its sandbox's caisson-init. They are among its
 * processes: whatever they leave behind ends with it. In the sandbox's queue.
 */
final class ContainerHooks {
  /** Each ends all that there is at its time. */
  private static final int ATTEMPTS = 100;

  private final Host host;
  private final Donor donor;
  private final Execs execs;
  private final Tokens tokens;

  ContainerHooks(Host host, Donor donor, Execs execs, Tokens tokens) {
    this.host = host;
    this.donor = donor;
    this.execs = execs;
    this.tokens = tokens;
  }

  /**
   * The host's programs, with all rights in the container's user namespace.
   *
   * @param tree all that the host has mounted, which is in the container's mount namespace
   */
  HookPlace whileMade(Container container, Fd tree) {
    return (hook, input, output) -> {
      ContainerSpec spec = container.record().getSpec();
      CgroupFacts cgroup = Facts.cgroup(container.cgroup());
      Plan plan = HookPlan.inContainer(hook, spec, cgroup);
      long token = tokens.next();
      StartedProcess process = launch(container, plan, token, List.of(input, output, output), tree);
      try (Waiting waiting = new Waiting(process.program(), plan, Optional.empty())) {
        waiting.finish(host.settings().stepTimeout());
        return new Running(container.sandbox(), token, process.pidfd());
      } catch (RuntimeException e) {
        Execs.abandon(host, process);
        throw e;
      }
    };
  }

  private StartedProcess launch(
      Container container, Plan plan, long token, List<Fd> stdio, Fd tree) {
    Fd first = container.running().orElseThrow().pidfd();
    try (Copies copies = new Copies(stdio)) {
      Donor.Sources sources =
          Donor.Sources.of(
                  container.sandbox(),
                  container.cgroup(),
                  copies.descriptors(),
                  Optional.empty(),
                  Optional.of(first),
                  Optional.empty())
              .with(Optional.empty(), Optional.empty(), Optional.of(tree), Given.none());
      return run(container, plan, token, first, donor.open(plan.donations(), sources));
    }
  }

  private StartedProcess run(
      Container container, Plan plan, long token, Fd first, List<Fd> donated) {
    try (Closing directory = host.birthDirectory(container.cgroup());
        Fd pids = host.proc().namespace(first, "pid")) {
      return container
          .sandbox()
          .requireHolder()
          .client()
          .run(
              new RunRequest(
                  token,
                  ByteBuffer.wrap(Program.encode(plan, host.settings().machine())),
                  plan.cloneFlags(),
                  directory.descriptor(),
                  Optional.of(pids),
                  donated));
    } finally {
      donated.forEach(Fd::close);
    }
  }

  /** Of a hook's standard streams, which stay its runner's. */
  private record Copies(List<Fd> descriptors) implements AutoCloseable {
    Copies(List<Fd> descriptors) {
      List<Fd> copies = new ArrayList<>();
      try {
        descriptors.forEach(one -> copies.add(one.duplicate()));
      } catch (RuntimeException e) {
        copies.forEach(Fd::close);
        throw e;
      }
      this.descriptors = List.copyOf(copies);
    }

    @Override
    public void close() {
      descriptors.forEach(Fd::close);
    }
  }

  /**
   * Ends what hooks have left behind while the container was made: it has the host for its root.
   *
   * @throws dev.caisson.executor.refusal.RefusedException (HOOK_FAILED) if that goes on
   */
  void endLeftBehind(Container container) {
    for (int i = 0; i < ATTEMPTS; i++) {
      List<Integer> left =
          container.cgroup().processes().stream()
              .filter(pid -> pid != container.record().getPid())
              .toList();
      if (left.isEmpty()) {
        return;
      }
      left.forEach(this::end);
    }
    throw new Refusal(
            Reason.HOOK_FAILED,
            "A createContainer hook leaves processes behind faster than they can be ended.",
            Map.of("kind", "createContainer"))
        .exception();
  }

  private void end(int pid) {
    try (Fd process = host.kernel().processes().open(pid)) {
      var _ = host.kernel().processes().kill(process);
      host.kernel().processes().awaitEnd(process, host.settings().stepTimeout());
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }

  /** The container's own programs, with the container's own rights. */
  HookPlace whenMade(Container container) {
    return (hook, input, output) -> {
      long token = tokens.next();
      StartedProcess process =
          execs.runHook(container, hook, token, stdio(List.of(input, output, output)));
      return new Running(container.sandbox(), token, process.pidfd());
    };
  }

  private static Stdio stdio(List<Fd> streams) {
    return new Stdio(new Copies(streams).descriptors(), List.of(), Optional.empty());
  }

  private record Running(Sandbox sandbox, long token, Fd pidfd, CompletableFuture<ProcessEnd> end)
      implements HookPlace.Running {
    Running(Sandbox sandbox, long token, Fd pidfd) {
      this(sandbox, token, pidfd, new CompletableFuture<>());
      sandbox.onEnd(
          token,
          ended -> {
            end.complete(ended);
            sandbox.holder().ifPresent(holder -> holder.acknowledge(token));
          });
    }

    @Override
    public Optional<ProcessEnd> awaitEnd(Duration timeout) {
      var _ = sandbox.awaitEnd(timeout, end::isDone);
      return Optional.ofNullable(end.getNow(null));
    }

    @Override
    public void close() {
      pidfd.close();
    }
  }
}
