package dev.caisson.executor.sandbox;

import dev.caisson.executor.guard.GuardPolicy;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.stdio.Connection;
import dev.caisson.linux.Errno;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.linux.Loopback;
import dev.caisson.model.Operation;
import dev.caisson.proto.executor.v1.ForwardPort;
import dev.caisson.proto.types.v1.Namespace;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/**
 * Connections to ports of sandboxes: opened in the sandbox's network namespace, counted, recorded,
 * and ended with their container.
 *
 * <p>Thread-safe. Nothing here takes a turn: a server that does not accept holds up who asks for
 * it, and nobody else.
 */
final class PortForwards {
  private static final System.Logger LOG = System.getLogger(PortForwards.class.getName());

  /** For a server to be connected to: its kernel answers for it, unless its backlog is full. */
  private static final Duration CONNECTING = Duration.ofSeconds(5);

  /** For a caller to take what there was when the container ended. */
  private static final Duration LAST = Duration.ofSeconds(10);

  /** From the end of a container's first program until its process has ended. */
  private static final Duration ENDING = Duration.ofMillis(500);

  /** Until that is known here: its sandbox may be busy, and the disk slow. */
  private static final Duration ENDED = Duration.ofSeconds(20);

  private final Host host;
  private final Recorder recorder;
  private final Tokens tokens;
  private final GuardPolicy policy;

  /** Those that are open, or being opened. */
  private final Set<PortForward> open = new HashSet<>();

  /** Containers whose end is waited for, by uid: once for each, however many connections it has. */
  private final Set<String> watched = new HashSet<>();

  PortForwards(Host host, Recorder recorder, Tokens tokens, GuardPolicy policy) {
    this.host = host;
    this.recorder = recorder;
    this.tokens = tokens;
    this.policy = policy;
  }

  /** Nothing is left of one that fails. */
  PortForward open(Container container, ForwardPort request) {
    String id = "forward-" + Long.toUnsignedString(tokens.next(), 36);
    PortForward forward = new PortForward(container, request, id);
    enter(forward);
    try {
      return recorder.record(
          forward.openedEvent(),
          () -> {
            forward.opened(host, connect(forward), closed -> closed(forward, closed));
            return forward;
          },
          PortForward::openedEvent);
    } catch (RuntimeException e) {
      forward.close(Connection.End.LEFT);
      leave(forward, Optional.empty());
      throw e;
    } finally {
      forward.recorded().complete(null);
    }
  }

  private void enter(PortForward forward) {
    Container container = forward.container();
    boolean first;
    synchronized (open) {
      var _ = States.require(container, Operation.PORT_FORWARD); // after its end none is added
      requireRoom(container.sandbox());
      open.add(forward);
      first = watched.add(container.uid());
    }
    if (first) {
      var _ = container.exit().whenComplete((status, lost) -> ended(container));
    }
  }

  private void requireRoom(Sandbox sandbox) {
    GuardPolicy.Limits limits = policy.limits();
    String tenant = sandbox.record().getTenant();
    requireFewer(limits.forwards(), "on one node", one -> true);
    requireFewer(limits.forwardsPerTenant(), "for one tenant", one -> tenant.equals(one.tenant()));
    requireFewer(limits.forwardsPerSandbox(), "into one sandbox", one -> isOf(one, sandbox));
  }

  private void requireFewer(int most, String where, Predicate<PortForward> which) {
    if (open.stream().filter(which).count() >= most) {
      throw full(most, where);
    }
  }

  @SuppressWarnings("ReferenceEquality") // this very one
  private static boolean isOf(PortForward forward, Sandbox sandbox) {
    return forward.container().sandbox() == sandbox;
  }

  private static RefusedException full(int most, String where) {
    return Refusal.limit(
            "forwards",
            "At most " + most + " connections may be forwarded " + where + ": close some.")
        .exception();
  }

  private Fd connect(PortForward forward) {
    Container container = forward.container();
    Holder holder = container.sandbox().requireHolder();
    try (Fd network = host.proc().namespace(holder.pidfd(), "net")) {
      requireAllowed(network);
      return recorder.recordEntered(
          Recorder.event(container),
          List.of(Namespace.Type.NETWORK),
          "port-forward",
          () -> Loopback.connect(network, forward.port(), CONNECTING));
    } catch (LinuxException e) {
      if (hasEnded(holder, e) && !container.sandbox().record().getDeleting()) {
        throw container.sandbox().isLost();
      }
      if (container.exit().isDone()) {
        throw States.wrong(container, Operation.PORT_FORWARD, "it has ended");
      }
      throw switch (e.errno()) {
        case Errno.ECONNREFUSED -> forward.refused().exception();
        case Errno.ETIMEDOUT ->
            forward.broken("was not accepted within " + CONNECTING.toSeconds() + " s").exception();
        default -> e;
      };
    }
  }

  /** A process that ends has no namespaces a moment before it has ended. */
  private boolean hasEnded(Holder holder, LinuxException problem) {
    boolean ending = problem.errno() == Errno.ENOENT || problem.errno() == Errno.ESRCH;
    try {
      return holder.isEnding()
          || host.kernel().processes().awaitEnd(holder.pidfd(), ending ? ENDING : Duration.ZERO);
    } catch (LinuxException e) {
      return true; // nobody else closes it
    }
  }

  /** The host's own ports are not what containers are asked for. */
  private void requireAllowed(Fd network) {
    try (Fd own = host.proc().ownNamespace("net")) {
      boolean hosts =
          host.kernel().files().status(own).sameFile(host.kernel().files().status(network));
      if (hosts && !policy.hostNamespaces()) {
        throw Refusal.guard(
                "namespaces.host",
                "The sandbox has the host's network, whose ports must not be forwarded on this"
                    + " host.")
            .exception();
      }
    }
  }

  /** On the loop's thread, which is not to wait for a disk. Its opening is recorded before. */
  private void closed(PortForward forward, Connection.Closed closed) {
    var _ =
        forward
            .recorded()
            .thenCombine(
                forward.known(closed, ENDING, () -> isEnding(forward.container()), ENDED),
                (_, known) -> known)
            .thenAcceptAsync(known -> record(forward, known), host.workers())
            .exceptionally(rejected -> {
              leave(forward, forward.told(closed.end())); // the executor ends
              return null;
            });
  }

  private boolean isEnding(Container container) {
    try {
      return container
          .running()
          .map(first -> host.kernel().processes().awaitEnd(first.pidfd(), Duration.ZERO))
          .orElse(true);
    } catch (RuntimeException e) {
      return true; // closed by who deals with its end
    }
  }

  private void record(PortForward forward, Connection.Closed closed) {
    try {
      recorder.observe(forward.closedEvent(closed));
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "The end of " + forward.id() + " could not be recorded", e);
    } finally {
      leave(forward, forward.told(closed.end()));
    }
  }

  private void leave(PortForward forward, Optional<Refusal> told) {
    synchronized (open) {
      open.remove(forward);
    }
    forward.end().complete(told);
  }

  private List<PortForward> of(Container container) {
    synchronized (open) {
      return open.stream().filter(one -> one.container().equals(container)).toList();
    }
  }

  private void ended(Container container) {
    synchronized (open) {
      watched.remove(container.uid());
    }
    of(container).forEach(PortForward::drain);
    host.later(() -> of(container).forEach(one -> one.close(Connection.End.EMPTIED)), LAST);
  }

  /** When it returns the container, which has ended, has no connections any more. */
  void cut(Container container) {
    List<PortForward> left = of(container);
    left.forEach(one -> one.close(Connection.End.EMPTIED));
    left.forEach(this::awaitEnd);
  }

  private void awaitEnd(PortForward forward) {
    try {
      var _ = forward.end().get(host.settings().stepTimeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.log(Level.WARNING, "{0} does not end", forward.id());
    }
  }
}
