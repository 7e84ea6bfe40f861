package dev.caisson.executor.sandbox;

import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.proto.types.v1.Actor;
import java.lang.System.Logger.Level;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

/**
 * An attached run, or an exec'd process, whose last caller has gone: when nobody has come back in
 * time the run ends, and the process loses its streams. A restart of the executor begins all leases
 * anew, since nobody could come back while it was away.
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

  /** Of a run, from now on. */
  void begin(Container container, Actor actor) {
    begin(container, actor, Level.WARNING);
  }

  private void begin(Container container, Actor actor, Level level) {
    begin(container.uid(), () -> host.deletions().execute(() -> expire(container, actor, level)));
  }

  void renew(Container container) {
    cancel(container.uid());
  }

  /** Of an exec'd process, from now on. */
  void begin(Container container, ExecedProcess exec) {
    if (exec.streams().isPresent()) {
      begin(key(container, exec), () -> expire(container, exec));
    }
  }

  /** Of one that was left on purpose: from its end, for whoever comes for its last output. */
  void beginAtEnd(Container container, ExecedProcess exec) {
    var _ = exec.exit().thenRun(() -> begin(container, exec));
  }

  void renew(Container container, ExecedProcess exec) {
    cancel(key(container, exec));
  }

  private static String key(Container container, ExecedProcess exec) {
    return container.uid() + "/" + exec.id();
  }

  private void begin(String key, Runnable expiry) {
    FutureTask<?> end =
        new FutureTask<>(expiry, null) {
          @Override
          protected void done() {
            ends.remove(key, this); // and not one that was begun meanwhile
          }
        };
    Future<?> before = ends.put(key, end);
    var _ = host.workers().schedule(end, host.settings().lease().toMillis(), TimeUnit.MILLISECONDS);
    if (before != null) {
      before.cancel(false);
    }
  }

  private void cancel(String key) {
    Future<?> end = ends.remove(key);
    if (end != null) {
      end.cancel(false);
    }
  }

  /**
   * What cannot even begin, as when a disk is full, is tried again when another lease is over.
   *
   * @param level of what is said of that: once
   */
  private void expire(Container container, Actor actor, Level level) {
    if (!container.attachments().isEmpty() || !container.record().getLeased()) {
      return;
    }
    try {
      containers.delete(container, true, Ask.part(actor));
    } catch (RefusedException e) {
      LOG.log(Level.DEBUG, "The lease of {0} ended: {1}", container.uid(), e.getMessage());
    } catch (RuntimeException e) {
      LOG.log(level, "Failed to end " + container.uid() + " with its lease; once more", e);
      begin(container, actor, Level.DEBUG);
    }
  }

  private static void expire(Container container, ExecedProcess exec) {
    if (exec.attachments().isEmpty()) {
      close(container, exec);
    }
  }

  /**
   * Nobody can come back: its input ends, its output is refused, and the session of its terminal is
   * told by SIGHUP.
   */
  static void close(Container container, ExecedProcess exec) {
    if (exec.closeStreams()) {
      Exits.dropStreams(container, exec.token());
    }
  }
}
