package dev.caisson.client;

import io.grpc.Status;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Something that a call tells once; known to whoever asks then or later. */
final class Once<T> {
  private final Sinks.One<T> sink = Sinks.one();

  Mono<T> mono() {
    return sink.asMono();
  }

  void tell(T value) {
    var _ = sink.tryEmitValue(value);
  }

  /** Nothing is told any more; without effect when it was. */
  void end() {
    var _ = sink.tryEmitEmpty();
  }

  void fail(Throwable failure) {
    var _ = sink.tryEmitError(failure);
  }

  /** The call was given up by its own caller. */
  void giveUp() {
    fail(givenUp());
  }

  /** What a call ends with that was. */
  static CaissonException givenUp() {
    return CaissonException.of(
        Status.CANCELLED.withDescription("The caller has given up").asRuntimeException());
  }
}
