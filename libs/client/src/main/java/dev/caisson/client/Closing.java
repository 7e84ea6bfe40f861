package dev.caisson.client;

import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** That a client is closed. Thread-safe. */
final class Closing {
  private final Sinks.Empty<Void> sink = Sinks.empty();
  private volatile boolean begun;

  /** From now on no call is made again. */
  void begin() {
    begun = true;
  }

  /** New calls fail: who waits to make one need not. */
  void wake() {
    var _ = sink.tryEmitEmpty();
  }

  boolean hasBegun() {
    return begun;
  }

  /** Ends with {@link #wake}. For any number of subscribers. */
  Mono<Void> begun() {
    return sink.asMono();
  }
}
