package dev.caisson.gateway.bridge;

import io.grpc.Context;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Publishers that are subscribed to in a gRPC context, whichever thread it is on: calls that they
 * make later belong to the same call as the first.
 */
public final class InContext {
  private InContext() {}

  public static <T> Flux<T> flux(Context context, Flux<T> source) {
    return Flux.from(subscriber -> context.run(() -> source.subscribe(subscriber)));
  }

  public static <T> Mono<T> mono(Context context, Mono<T> source) {
    // Not Mono.from, which cancels what has given one.
    return Mono.fromDirect(flux(context, source.flux()));
  }
}
