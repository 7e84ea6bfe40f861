package dev.caisson.gateway.api;

import dev.caisson.gateway.journal.Cursor;
import dev.caisson.gateway.journal.JournalEvent;
import dev.caisson.proto.events.v1.Event;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/**
 * What a watch lets through of the journal, and how far it has come where it lets nothing through:
 * else a watch of little would go on, after a cut, from where nothing is kept any more, though it
 * has missed nothing.
 */
final class Bookmarks {
  /** How many events in a row are passed over for one: far fewer than a segment of the journal. */
  static final int EVERY = 256;

  private Bookmarks() {}

  static <T> Flux<T> filter(
      Flux<JournalEvent> events,
      Predicate<Event> wanted,
      Function<JournalEvent, T> told,
      @Nullable Function<Cursor, T> bookmark) {
    return Flux.defer(() -> {
      int[] passed = {0};
      return events.handle((stored, sink) -> {
        if (wanted.test(stored.event())) {
          passed[0] = 0;
          sink.next(told.apply(stored));
        } else if (++passed[0] == EVERY) {
          passed[0] = 0;
          if (bookmark != null) {
            sink.next(bookmark.apply(stored.place()));
          }
        }
      });
    });
  }
}
