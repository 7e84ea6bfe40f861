package dev.caisson.gateway.api;

import dev.caisson.gateway.bridge.ServerCalls;
import dev.caisson.gateway.journal.Cursor;
import dev.caisson.gateway.journal.JournalClient;
import dev.caisson.gateway.journal.JournalEvent;
import dev.caisson.gateway.names.TenantName;
import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchEventsResponse;
import io.grpc.stub.StreamObserver;
import jakarta.inject.Singleton;
import java.util.function.Predicate;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Events, from the journal: what is watched is what is durable, and Kafka need not be there. */
@Singleton
final class EventsService extends EventsGrpc.EventsImplBase {
  private final JournalClient journal;

  EventsService(JournalClient journal) {
    this.journal = journal;
  }

  @Override
  public void watchEvents(
      WatchEventsRequest request, StreamObserver<WatchEventsResponse> responses) {
    TenantName parent = TenantName.parse("parent", request.getParent());
    Predicate<Event> filter = EventFilter.of(parent.tenant(), request.getResource());
    WatchStart.Told call = WatchStart.current();
    Flux<WatchEventsResponse> events =
        start(request.getCursor())
            .doOnNext(call::begin)
            .flatMapMany(after ->
                Bookmarks.filter(
                    journal.events(after, !request.getNoFollow()),
                    filter,
                    EventsService::response,
                    request.getBookmarks() ? EventsService::bookmark : null));
    ServerCalls.stream(responses, events);
  }

  private Mono<Cursor> start(String cursor) {
    return cursor.isEmpty() ? journal.end() : Mono.just(Cursor.parse(cursor));
  }

  private static WatchEventsResponse response(JournalEvent stored) {
    return WatchEventsResponse.newBuilder()
        .setEvent(stored.event())
        .setCursor(stored.place().toString())
        .build();
  }

  private static WatchEventsResponse bookmark(Cursor place) {
    return WatchEventsResponse.newBuilder().setCursor(place.toString()).build();
  }
}
