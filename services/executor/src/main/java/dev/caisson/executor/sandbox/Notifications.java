package dev.caisson.executor.sandbox;

import dev.caisson.executor.hook.ProcessStateJson;
import dev.caisson.executor.plan.Plan;
import dev.caisson.executor.seccomp.Listener;
import dev.caisson.linux.Fd;
import dev.caisson.linux.Pair;
import dev.caisson.proto.types.v1.Seccomp;
import java.util.List;
import java.util.Optional;

/**
 * Filters that put system calls before somebody: how their listeners come to where the
 * specification says. In the sandbox's queue.
 */
final class Notifications {
  /** Of the token of a process: what caisson-init holds under that is our end of its socket. */
  private static final long LISTENER = 1L << 61;

  private final Host host;
  private final Donor donor;

  Notifications(Host host, Donor donor) {
    this.host = host;
    this.donor = donor;
  }

  /** A pair of sockets for a program that hands out a listener; the first end is ours. */
  Optional<Pair> sockets(Plan plan) {
    return plan.notifies() ? Optional.of(host.kernel().sockets().pair()) : Optional.empty();
  }

  /** Has our end live on in caisson-init, should the executor die before the container starts. */
  static void hold(Holder holder, long token, Fd ours) {
    holder.client().hold(token | LISTENER, List.of(ours));
  }

  /** Our end, as an earlier executor has had it held. */
  static Optional<Fd> held(Holder holder, long token) {
    return holder.client().fetch(token | LISTENER).stream().findFirst();
  }

  static void drop(Holder holder, long token) {
    holder.drop(token | LISTENER);
  }

  /**
   * To be begun before the program is let go on, and finished before its end is awaited.
   *
   * @param program our end of its socket; absent where its filter asks nobody
   * @throws dev.caisson.executor.refusal.RefusedException when nobody listens
   */
  Handover begin(Container container, Optional<Fd> program) {
    return new Handover(container, program.map(ours -> connect(container, ours)));
  }

  private Listener connect(Container container, Fd ours) {
    Seccomp seccomp = container.record().getSpec().getSeccomp();
    try (Fd socket = donor.listenerSocket(seccomp.getListenerPath())) {
      return Listener.connect(host.kernel(), ours, socket);
    }
  }

  /** Of one process; nothing where there is no listener. */
  final class Handover implements AutoCloseable {
    private final Container container;
    private final Optional<Listener> listener;

    private Handover(Container container, Optional<Listener> listener) {
      this.container = container;
      this.listener = listener;
    }

    /**
     * Hands the listener on.
     *
     * @param status of the container
     * @param pid of the process
     */
    void finish(String status, int pid) {
      listener.ifPresent(one -> {
        String metadata = container.record().getSpec().getSeccomp().getListenerMetadata();
        ProcessStateJson state =
            new ProcessStateJson(HookPoints.state(container.record(), status), pid, metadata);
        one.handOn(state, host.settings().stepTimeout());
      });
    }

    @Override
    public void close() {
      listener.ifPresent(Listener::close);
    }
  }
}
