package dev.caisson.gateway.journal;

import dev.caisson.gateway.journal.JournalTail.Awaited;
import dev.caisson.gateway.journal.JournalTail.Elsewhere;
import dev.caisson.gateway.journal.JournalTail.Found;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * How far one watcher is, who takes turns: each gives what is next, from the tail where that has
 * it, and from a page of the journal otherwise. No turn begins before somebody wants what it gives.
 * One turn at a time, each on any thread.
 */
final class Reading {
  /** In a row. */
  private static final int MOST_ENDS = 3;

  private static final long SOON_AFTER = Duration.ofSeconds(10).toNanos();

  private final JournalPages pages;
  private final JournalTail.Member tail;
  private final Context context;

  /** Behind what was given; as long as that is nothing, where it was to begin. */
  private Cursor place;

  /** Nothing has been given, and anything that is kept would do. */
  private boolean anywhere;

  /** The journal had nothing after the place when it was read last. */
  private boolean atEnd;

  /** The page that was read last had something. */
  private boolean given;

  /** How often the tail has ended, one soon after the other, without anything between. */
  private int ends;

  private long lastEnd;

  Reading(Cursor after, JournalPages pages, JournalTail tail, Context context) {
    this.place = after;
    this.anywhere = after.equals(Cursor.BEGIN);
    this.pages = pages;
    this.tail = tail.newMember();
    this.context = context;
  }

  Cursor place() {
    return place;
  }

  /** Without an end. */
  Flux<JournalEvent> follow() {
    return whenWanted(this::turn)
        .repeat()
        .concatMapIterable(some -> some, 1)
        .doFinally(_ -> tail.leave());
  }

  Flux<JournalEvent> upTo(Cursor end) {
    if (place.equals(end)) {
      return Flux.empty();
    }
    return whenWanted(this::page)
        .repeat(() -> (given || !atEnd) && place.compareTo(end) < 0)
        .concatMapIterable(some -> some, 1)
        .takeWhile(event -> event.place().compareTo(end) <= 0);
  }

  private static <T> Flux<T> whenWanted(Supplier<Flux<T>> source) {
    return Flux.defer(() -> {
      Sinks.Empty<Void> wanted = Sinks.empty();
      return Flux.defer(source)
          .delaySubscription(wanted.asMono())
          .doOnRequest(_ -> {
            var _ = wanted.tryEmitEmpty();
          });
    });
  }

  private Flux<List<JournalEvent>> turn() {
    return switch (tail.look(place, atEnd)) {
      case Found found -> Flux.just(found.events()).doOnNext(this::give);
      case Awaited news -> news.end().flatMapMany(this::awaited);
      case Elsewhere _ -> page();
    };
  }

  /**
   * Where the tail is no more a page tells why, or that one can go on. Not all at the same time,
   * and not for ever: of a journal that has failed there are pages still.
   */
  private Flux<List<JournalEvent>> awaited(Optional<StatusRuntimeException> end) {
    if (end.isEmpty()) {
      ends = 0;
      return Flux.empty();
    }
    atEnd = false;
    long now = System.nanoTime();
    ends = now - lastEnd < SOON_AFTER ? ends + 1 : 1;
    lastEnd = now;
    return ends >= MOST_ENDS
        ? Flux.error(JournalRefusals.of(end.get()))
        : Mono.delay(JournalRefusals.moment()).thenMany(Flux.empty());
  }

  private Flux<List<JournalEvent>> page() {
    atEnd = false;
    given = false;
    return pages
        .page(this::place, () -> atEnd = true, context)
        .<List<JournalEvent>>handle((response, next) -> {
          List<JournalEvent> sound = JournalEvent.sound(response);
          next.next(sound);
          if (sound.size() < response.getRecordsCount()) {
            next.complete(); // what cannot be read is the first of the next page
          }
        })
        .doOnNext(this::give)
        .onErrorResume(error -> oldest(error).isPresent(), this::beginLater);
  }

  private void give(List<JournalEvent> events) {
    place = events.getLast().place();
    anywhere = false;
    atEnd = false;
    given = true;
    ends = 0;
  }

  private Optional<Cursor> oldest(Throwable error) {
    return JournalRefusals.oldest(error).filter(oldest -> anywhere && oldest.compareTo(place) > 0);
  }

  private Flux<List<JournalEvent>> beginLater(Throwable error) {
    atEnd = false;
    place = oldest(error).orElseThrow();
    return Flux.empty();
  }
}
