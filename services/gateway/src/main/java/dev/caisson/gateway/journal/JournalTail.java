package dev.caisson.gateway.journal;

import dev.caisson.gateway.bridge.InContext;
import dev.caisson.proto.journal.v1.ReadResponse;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * The end of the journal, followed by one stream for all who watch: it is there while somebody
 * does, and keeps the newest events for them. It waits for none of them: who falls behind reads
 * what is missing elsewhere. Thread-safe.
 */
final class JournalTail {
  private static final Logger LOG = LoggerFactory.getLogger(JournalTail.class);

  private final Function<Cursor, Flux<ReadResponse>> following;
  private final JournalBounds bounds;
  private final Scheduler.Worker waking;
  private final Object lock = new Object();

  // Guarded by the lock, as is all that belongs to them. Nobody is called with it.
  private final Set<Member> members = new HashSet<>();
  private @Nullable Stream stream;

  /**
   * Nobody watches yet.
   *
   * @param following what comes after a place, without an end
   * @param waking where those go on that have waited: not on the socket's thread
   */
  JournalTail(
      Function<Cursor, Flux<ReadResponse>> following, JournalBounds bounds, Scheduler waking) {
    this.following = following;
    this.bounds = bounds;
    this.waking = waking.createWorker();
  }

  /** What the tail has for a place. */
  sealed interface Look {}

  /** The next ones after it. */
  record Found(List<JournalEvent> events) implements Look {}

  /**
   * Nothing yet.
   *
   * @param end tells when it is worth another look: empty, or how the stream has ended
   */
  record Awaited(Mono<Optional<StatusRuntimeException>> end) implements Look {}

  /** One cannot go on from there here. */
  record Elsewhere() implements Look {}

  Member newMember() {
    return new Member();
  }

  /** One who watches, from the first look that found something or waits. */
  final class Member {
    private boolean left;

    /**
     * Looks.
     *
     * @param end whether the journal has just had nothing after the place: then the tail begins
     *     there, or comes there
     */
    Look look(Cursor place, boolean end) {
      Stream opened = end ? opened(place) : null;
      Look look = lookAt(place, end);
      if (opened != null) {
        opened.start();
      }
      return look;
    }

    private @Nullable Stream opened(Cursor place) {
      synchronized (lock) {
        if (stream != null || left) {
          return null;
        }
        members.add(this);
        stream = new Stream(place);
        return stream;
      }
    }

    private Look lookAt(Cursor place, boolean end) {
      synchronized (lock) {
        if (stream == null || left) {
          return new Elsewhere();
        }
        Look look = stream.look(place, end);
        if (!(look instanceof Elsewhere)) {
          members.add(this);
        }
        return look;
      }
    }

    /** For good. Again has no effect. */
    void leave() {
      Stream unwatched = null;
      synchronized (lock) {
        left = true;
        if (members.remove(this) && members.isEmpty()) {
          unwatched = stream;
          stream = null;
        }
      }
      if (unwatched != null) {
        unwatched.cancel();
      }
    }
  }

  private final class Stream extends BaseSubscriber<ReadResponse> {
    private final RecentEvents recent;
    private Set<Sinks.One<Optional<StatusRuntimeException>>> waiting = new HashSet<>();

    Stream(Cursor start) {
      this.recent = new RecentEvents(start, bounds.tailRecords(), bounds.tailBytes());
    }

    /** In no watcher's context: it ends with none of them, and is told as a part of none. */
    void start() {
      InContext.flux(Context.ROOT, Flux.defer(() -> following.apply(newest())))
          .retryWhen(JournalRefusals.untilThereIsRoom())
          .subscribe(this);
    }

    private Cursor newest() {
      synchronized (lock) {
        return recent.newest();
      }
    }

    Look look(Cursor place, boolean end) {
      OptionalInt next = recent.after(place);
      if (next.isPresent() && next.getAsInt() < recent.size()) {
        return new Found(recent.from(next.getAsInt(), JournalPages.RECORDS));
      }
      boolean comes = end && place.compareTo(recent.newest()) > 0;
      return next.isPresent() || comes ? awaited() : new Elsewhere();
    }

    private Awaited awaited() {
      Sinks.One<Optional<StatusRuntimeException>> news = Sinks.one();
      waiting.add(news);
      return new Awaited(news.asMono().doOnCancel(() -> forget(news)));
    }

    private void forget(Sinks.One<Optional<StatusRuntimeException>> news) {
      synchronized (lock) {
        waiting.remove(news);
      }
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
      requestUnbounded();
    }

    @Override
    protected void hookOnNext(ReadResponse response) {
      List<JournalEvent> events = JournalEvent.all(response);
      synchronized (lock) {
        events.forEach(recent::add);
      }
      wake(Optional.empty());
    }

    @Override
    protected void hookOnError(Throwable failure) {
      LOG.debug("The journal is not followed any more: {}", failure.getMessage());
      ended(JournalRefusals.of(failure));
    }

    @Override
    protected void hookOnComplete() {
      ended(
          Status.UNAVAILABLE
              .withDescription("The executor has ended the journal's stream")
              .asRuntimeException());
    }

    /** Each of those who wait finds out for itself what is wrong. */
    private void ended(StatusRuntimeException why) {
      synchronized (lock) {
        if (stream == this) {
          stream = null;
        }
      }
      wake(Optional.of(why));
    }

    /** Each for itself: one who cannot go on keeps nobody else from it. */
    private void wake(Optional<StatusRuntimeException> end) {
      waiting()
          .forEach(one -> {
            var _ =
                waking.schedule(() -> {
                  var _ = one.tryEmitValue(end);
                });
          });
    }

    private Set<Sinks.One<Optional<StatusRuntimeException>>> waiting() {
      synchronized (lock) {
        Set<Sinks.One<Optional<StatusRuntimeException>>> all = waiting;
        waiting = new HashSet<>();
        return all;
      }
    }
  }
}
