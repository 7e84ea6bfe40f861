package dev.caisson.executor.rpc;

import com.google.protobuf.MessageLite;
import dev.caisson.executor.refusal.Refusal;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * As much of a list as was asked for, and as a message takes.
 *
 * @param next the key of the last; empty when there are no more
 */
record Part<T>(List<T> items, String next) {
  static final int MOST = 1_000;

  /** Well below what a message may have: {@link dev.caisson.rpc.GrpcServer#MAX_MESSAGE}. */
  private static final int MOST_BYTES = 2 << 20;

  Part {
    items = List.copyOf(items);
  }

  /**
   * The first of them.
   *
   * @param all in the order of their keys
   * @param limit 0: as many as a message takes
   * @throws dev.caisson.executor.refusal.RefusedException (INVALID_ARGUMENT) where it is negative
   */
  static <T extends MessageLite> Part<T> of(Stream<T> all, int limit, Function<T, String> key) {
    if (limit < 0) {
      throw Refusal.invalid("limit", "not be negative", limit).exception();
    }
    int most = limit == 0 ? MOST : Math.min(limit, MOST);
    List<T> items = new ArrayList<>();
    int bytes = 0;
    for (Iterator<T> rest = all.iterator(); rest.hasNext(); ) {
      T item = rest.next();
      bytes += item.getSerializedSize();
      if (items.size() == most || (bytes > MOST_BYTES && !items.isEmpty())) {
        return new Part<>(items, key.apply(items.getLast()));
      }
      items.add(item);
    }
    return new Part<>(items, "");
  }
}
