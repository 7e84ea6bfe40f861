package dev.caisson.gateway.journal;

import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Lets so many do something at the same time; others wait in their order, without a thread.
 * Thread-safe.
 */
final class WaitingLine {
  private final Scheduler admitting;
  private final Queue<Ticket> waiting = new ArrayDeque<>();
  private int free;

  /**
   * An empty one.
   *
   * @param admitting where those begin that have waited: not on the stack of the one that has left
   */
  WaitingLine(int atOnce, Scheduler admitting) {
    this.free = atOnce;
    this.admitting = admitting;
  }

  /** Subscribes when it is its turn; the next one's comes when it ends, or is cancelled. */
  <T> Flux<T> inTurn(Flux<T> work) {
    return Flux.defer(() -> {
      Ticket ticket = new Ticket();
      return Flux.defer(() -> entered(ticket).thenMany(work))
          .doOnTerminate(() -> leave(ticket))
          .doOnCancel(() -> leave(ticket));
    });
  }

  private Mono<Void> entered(Ticket ticket) {
    if (enter(ticket)) {
      ticket.admit();
    }
    return ticket.admitted.asMono();
  }

  private synchronized boolean enter(Ticket ticket) {
    if (free == 0) {
      return !waiting.add(ticket);
    }
    free--;
    ticket.inside = true;
    return true;
  }

  /** Again has no effect. */
  private void leave(Ticket ticket) {
    Ticket next = left(ticket);
    if (next != null) {
      var _ = admitting.schedule(next::admit);
    }
  }

  private synchronized @Nullable Ticket left(Ticket ticket) {
    if (!ticket.inside) {
      waiting.remove(ticket);
      return null;
    }
    ticket.inside = false;
    Ticket next = waiting.poll();
    if (next == null) {
      free++;
    } else {
      next.inside = true;
    }
    return next;
  }

  /** How many could begin at once. */
  synchronized int free() {
    return free;
  }

  private static final class Ticket {
    private final Sinks.Empty<Void> admitted = Sinks.empty();

    /** Guarded by the line. */
    private boolean inside;

    void admit() {
      var _ = admitted.tryEmitEmpty();
    }
  }
}
