package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.Actor;
import java.lang.System.Logger.Level;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * An attached run whose caller has gone: it ends when nobody has come back in time. A restart of
 * the executor begins all leases anew, since nobody could come back while it was away.
 *
 * <p>Thread-safe.
 */
final class Leases {
  private static final System.Logger LOG = System.getLogger(Leases.class.getName());

  private final Host host;
  private final Containers containers;
  private final ConcurrentMap<String, Future<?>> ends = new ConcurrentHashMap<>();

  Leases(Host host, Containers containers) {
    this.host = host;
    this.containers = containers;
  }

  /** From now on. */
  void begin(Container container, Actor actor) {
    Future<?> end =
        host.workers()
            .schedule(
                () -> container.sandbox().queue().leave(() -> expire(container, actor)),
                host.settings().lease().toMillis(),
                TimeUnit.MILLISECONDS);
    replace(container, end);
  }

  void renew(Container container) {
    replace(container, null);
  }

  private void replace(Container container, @Nullable Future<?> next) {
    Future<?> before =
        next == null ? ends.remove(container.uid()) : ends.put(container.uid(), next);
    if (before != null) {
      before.cancel(false);
    }
  }

  private void expire(Container container, Actor actor) {
    ends.remove(container.uid());
    if (container.isAttached()) {
      return;
    }
    try {
      containers.delete(container, true, actor);
    } catch (RefusedException e) {
      LOG.log(Level.DEBUG, "The lease of {0} ended: {1}", container.uid(), e.getMessage());
    }
  }
}
