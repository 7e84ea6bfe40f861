package dev.caisson.client;

import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchEventsResponse;
import reactor.core.publisher.Flux;

/** The record as it is made: every lifecycle and hook event of a tenant. Thread-safe. */
public final class Events {
  /** The cursor before the oldest event that is kept. */
  public static final String BEGIN = "begin";

  private final Calls calls;
  private final Resumption resumption;

  Events(Calls calls, Resumption resumption) {
    this.calls = calls;
    this.resumption = resumption;
  }

  /**
   * The events after a cursor, in order, each once, without end; with {@code no_follow} until the
   * last one that there is. Where the service or the connection goes away (UNAVAILABLE), the stream
   * goes on after the event that was given last, by itself: {@link Caisson.Builder#patience} says
   * for how long it tries. A consumer that keeps the cursor of the last event that it is done with
   * goes on there after its own restart. Bookmarks, which carry a cursor and no event, are given to
   * those who ask for them.
   *
   * <p>Fails with OUT_OF_RANGE (INVALID_CURSOR) when what comes next is not kept any more, and with
   * UNAVAILABLE when nothing listens at the first try, or when a watch without a cursor is cut off
   * before the service has told it one.
   */
  public Flux<WatchEventsResponse> watch(WatchEventsRequest request) {
    return resumption
        .of(
            calls,
            request.getCursor(),
            (repeated, cursor, whenAnswered) ->
                repeated.stream(
                    EventsGrpc.getWatchEventsMethod(),
                    request.toBuilder().setCursor(cursor).setBookmarks(true).build(),
                    whenAnswered),
            WatchEventsResponse::getCursor)
        .filter(answer -> request.getBookmarks() || answer.hasEvent());
  }

  /**
   * All of a tenant, as {@link #watch(WatchEventsRequest)}.
   *
   * @param parent {@code tenants/{tenant}}
   * @param cursor what an earlier answer carried, or {@link #BEGIN}; empty: what comes from now on
   */
  public Flux<WatchEventsResponse> watch(String parent, String cursor) {
    return watch(WatchEventsRequest.newBuilder().setParent(parent).setCursor(cursor).build());
  }
}
