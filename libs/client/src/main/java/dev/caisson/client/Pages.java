package dev.caisson.client;

import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A list that comes in pages, as one stream: a page is asked for when the last one is taken. */
final class Pages {
  /** Of a list: what a gateway reads at once, and a message holds. */
  static final int SIZE = 500;

  private Pages() {}

  /** All entries, from the first page on. */
  static <P, T> Flux<T> of(
      Function<String, Mono<P>> page, Function<P, List<T>> entries, Function<P, String> next) {
    return of("", page, entries, next);
  }

  /** Of one subscription. */
  private static final class Place {
    private volatile String token;

    Place(String token) {
      this.token = token;
    }
  }

  /**
   * All entries.
   *
   * @param first the token of the page to begin with; empty: the first of all
   * @param page of a token, which is empty for the first
   * @param next the token in a page; empty: it is the last
   */
  static <P, T> Flux<T> of(
      String first,
      Function<String, Mono<P>> page,
      Function<P, List<T>> entries,
      Function<P, String> next) {
    return Flux.defer(() -> {
      Place place = new Place(first);
      return Mono.defer(() -> page.apply(place.token))
          .doOnNext(one -> place.token = next.apply(one))
          .repeat(() -> !place.token.isEmpty())
          .concatMapIterable(entries, 1);
    });
  }
}
