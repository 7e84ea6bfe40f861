package dev.caisson.gateway.api;

import dev.caisson.gateway.errors.Errors;
import dev.caisson.proto.v1.Reason;
import java.util.List;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Many of a kind in one call: all of them, in their order, or the first problem. */
final class Batch {
  /** As many as a page has at most. */
  private static final int MAX = Pages.MAX_SIZE;

  /** Asked for at the same time. */
  static final int AT_ONCE = 16;

  private Batch() {}

  static void requireInParent(boolean is, String name) {
    if (!is) {
      throw Errors.invalid(Reason.INVALID_FIELD, "names", "be in the parent", name);
    }
  }

  static <T> Mono<List<T>> get(List<String> names, Function<String, Mono<T>> one) {
    if (names.isEmpty() || names.size() > MAX) {
      throw Errors.invalid(Reason.INVALID_FIELD, "names", "be 1 to " + MAX, names.size());
    }
    List<Mono<T>> all =
        names.stream().map(one).toList(); // each name is checked before any is asked for
    return Flux.fromIterable(all).flatMapSequential(single -> single, AT_ONCE).collectList();
  }
}
