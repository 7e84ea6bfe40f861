package dev.caisson.executor.sandbox;

import dev.caisson.executor.cgroup.Cgroup;
import dev.caisson.executor.cgroup.Owner;
import dev.caisson.executor.guard.NetworkPolicy;
import dev.caisson.executor.network.HostPorts;
import dev.caisson.executor.network.Networks;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.store.v1.SandboxRecord;
import dev.caisson.linux.Fd;
import dev.caisson.linux.LinuxException;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.events.v1.NetworkAttached;
import dev.caisson.proto.events.v1.NetworkDetached;
import dev.caisson.proto.types.v1.Network;
import dev.caisson.proto.types.v1.NetworkStatus;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The networks that sandboxes are in: joined before a sandbox is there, left when its last
 * container is gone, and what a crash has left undone. All of it is recorded.
 *
 * <p>Thread-safe. Of a sandbox that is there everything happens in its queue.
 */
final class SandboxNetworks implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(SandboxNetworks.class.getName());

  /** Between the tries of what cannot be left, at first and at last. */
  private static final Duration RETRY = Duration.ofSeconds(1);

  private static final Duration MOST_SELDOM = Duration.ofMinutes(1);

  private final Host host;
  private final Networks networks;
  private final NetworkPolicy policy;
  private final Recorder recorder;

  /**
   * The namespaces, by the uids of their sandboxes: what plugins have made there can be undone as
   * long as they are held, also when caisson-init has been killed.
   */
  private final Map<String, Fd> namespaces = new ConcurrentHashMap<>();

  private final HostPorts ports = new HostPorts();

  SandboxNetworks(Host host, Networks networks, NetworkPolicy policy, Recorder recorder) {
    this.host = host;
    this.networks = networks;
    this.policy = policy;
    this.recorder = recorder;
  }

  /**
   * What is meant by a request.
   *
   * @throws dev.caisson.executor.refusal.RefusedException where there are no networks
   */
  Network named(Network asked) {
    if (!host.settings().powers().hostsRoot()) {
      throw Refusal.hostLacks(
              "network",
              "An executor without root cannot join a sandbox to a network of the host: leave it"
                  + " out, or ask one that is the host's root.")
          .exception();
    }
    return asked.toBuilder().setName(policy.named(asked.getName()).orElseThrow()).build();
  }

  /**
   * Joins a sandbox that is being made, if it is to be.
   *
   * @return its record with what came of it
   */
  SandboxRecord attach(SandboxRecord record, Holder holder) {
    if (!record.hasNetwork()) {
      return record;
    }
    ports.take(record.getUid(), record.getNetwork().getPortsList());
    try {
      return attached(record, holder);
    } catch (RuntimeException e) {
      if (networks.isKnown(record.getUid())) {
        leaveLater(record.getUid());
      } else {
        forget(record.getUid());
      }
      throw e;
    }
  }

  private SandboxRecord attached(SandboxRecord record, Holder holder) {
    Fd namespace = hold(record.getUid(), host.proc().namespace(holder.pidfd(), "net"));
    Owner owner = SandboxBirth.ownerOf(record);
    Networks.Guest guest =
        new Networks.Guest(
            record.getUid(), record.getHostname(), owner.uid(), owner.gid(), namespace);
    NetworkStatus status =
        recorder.record(
            Recorder.event(record).setNetworkAttached(attached(record, List.of())),
            () -> networks.attach(guest, record.getNetwork()),
            made -> Recorder.event(record).setNetworkAttached(attached(record, addresses(made))));
    return record.toBuilder().setNetworkStatus(status).build();
  }

  /** Of one that is not made after all. What cannot be undone now is tried again later. */
  void undo(SandboxRecord record) {
    try {
      detach(record);
    } catch (RuntimeException e) {
      leaveLater(record.getUid());
      throw e;
    }
  }

  private static NetworkAttached attached(SandboxRecord record, List<String> addresses) {
    return NetworkAttached.newBuilder()
        .setNetwork(record.getNetwork().getName())
        .addAllAddresses(addresses)
        .addAllPorts(record.getNetwork().getPortsList())
        .build();
  }

  private static List<String> addresses(NetworkStatus status) {
    return status.getInterfacesList().stream()
        .flatMap(one -> one.getAddressesList().stream())
        .map(NetworkStatus.Address::getAddress)
        .toList();
  }

  /** Held until it is left. Never the host's, which a plugin would take for the sandbox's. */
  private Fd hold(String uid, Fd namespace) {
    if (isOwn(namespace)) {
      namespace.close();
      throw new IllegalStateException("the sandbox's network namespace is the executor's");
    }
    @Nullable Fd before = namespaces.put(uid, namespace);
    if (before != null) {
      before.close();
    }
    return namespace;
  }

  private boolean isOwn(Fd namespace) {
    try (Fd own = host.proc().ownNamespace("net")) {
      return host.kernel().files().status(own).sameFile(host.kernel().files().status(namespace));
    }
  }

  /** One that was made by an earlier life, and runs: asks whether its network is as it was made. */
  void takeUp(Sandbox sandbox, Fd init) {
    if (!sandbox.record().hasNetwork()) {
      return;
    }
    ports.retake(sandbox.uid(), sandbox.record().getNetwork().getPortsList());
    Fd namespace = hold(sandbox.uid(), host.proc().namespace(init, "net"));
    host.deletions()
        .execute(() ->
            sandbox
                .queue()
                .run(() -> {
                  if (namespace.isOpen()) {
                    sandbox.networkProblem(networks.check(sandbox.uid(), namespace));
                  }
                }));
  }

  /** In its queue, with nothing of it left but its namespaces: can be done again until it is. */
  void detach(SandboxRecord record) {
    if (record.hasNetwork()) {
      leave(Recorder.event(record), record.getUid());
    }
  }

  /** The same of one that was lost: not on this thread, which must not wait for plugins. */
  void detachLater(Sandbox sandbox) {
    if (sandbox.record().hasNetwork()) {
      later(
          sandbox.uid(), Duration.ZERO, () -> sandbox.queue().run(() -> detach(sandbox.record())));
    }
  }

  /** What is known of networks of sandboxes that are not there: a crash has left it. */
  void sweep(Predicate<String> lives) {
    networks.known().stream().filter(uid -> !lives.test(uid)).forEach(this::leaveLater);
  }

  /** Before the processes of such a one are ended: its namespace goes with the last of them. */
  void hold(String uid, Cgroup cgroup) {
    if (networks.isKnown(uid)) {
      cgroup.processes().stream()
          .flatMap(pid -> namespace(pid, cgroup).stream())
          .filter(found -> !closedIfOwn(found))
          .findFirst()
          .ifPresent(found -> hold(uid, found));
    }
  }

  /** By the time that a number is opened it may be a stranger's, who is not in the cgroup. */
  private Optional<Fd> namespace(int pid, Cgroup cgroup) {
    try (Fd pidfd = host.kernel().processes().open(pid)) {
      return cgroup.processes().contains(pid)
          ? Optional.of(host.proc().namespace(pidfd, "net"))
          : Optional.empty();
    } catch (LinuxException e) {
      LOG.log(Level.DEBUG, "Process {0} is not there: {1}", pid, e.getMessage());
      return Optional.empty();
    }
  }

  private boolean closedIfOwn(Fd namespace) {
    boolean own = isOwn(namespace);
    if (own) {
      namespace.close();
    }
    return own;
  }

  private void leaveLater(String uid) {
    later(uid, Duration.ZERO, () -> leave(Event.newBuilder(), uid));
  }

  private void later(String uid, Duration delay, Runnable leaving) {
    host.later(() -> host.deletions().execute(() -> tryToLeave(uid, delay, leaving)), delay);
  }

  private void tryToLeave(String uid, Duration delay, Runnable leaving) {
    try {
      leaving.run();
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "Failed to take " + uid + " out of its network; once more", e);
      Duration next = delay.isZero() ? RETRY : delay.multipliedBy(2);
      later(uid, next.compareTo(MOST_SELDOM) < 0 ? next : MOST_SELDOM, leaving);
    }
  }

  private void leave(Event.Builder event, String uid) {
    Optional<Fd> namespace = Optional.ofNullable(namespaces.get(uid));
    Optional<String> name = networks.nameOf(uid);
    if (name.isPresent()) {
      NetworkDetached detached = NetworkDetached.newBuilder().setNetwork(name.get()).build();
      recorder.recordEnd(
          event.clone().setNetworkDetached(detached),
          () -> {
            networks.detach(uid, namespace);
            return detached;
          },
          done -> event.clone().setNetworkDetached(done));
    } else {
      networks.detach(uid, namespace); // what is on disk
    }
    forget(uid);
  }

  private void forget(String uid) {
    ports.release(uid);
    Optional.ofNullable(namespaces.remove(uid)).ifPresent(Fd::close);
  }

  /** The executor ends, the sandboxes and their networks do not. */
  @Override
  public void close() {
    namespaces.values().forEach(Fd::close);
    namespaces.clear();
  }
}
