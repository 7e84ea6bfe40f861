package dev.caisson.gateway.bridge;

import io.grpc.stub.StreamObserver;
import java.util.function.BiConsumer;
import java.util.function.Function;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Calls as Reactor's publishers: nothing is sent before the subscription, cancelling it cancels the
 * call, and a message that was not asked for is not read. A call belongs to the gRPC context in
 * which it was subscribed to, and so ends with the caller's own call and by its deadline.
 */
public final class ClientCalls {
  private ClientCalls() {}

  public static <Q, A> Mono<A> unary(Q request, BiConsumer<Q, StreamObserver<A>> method) {
    return serverStream(request, method).single();
  }

  public static <Q, A> Flux<A> serverStream(Q request, BiConsumer<Q, StreamObserver<A>> method) {
    return Flux.from(subscriber ->
        new ClientStream<Q, A>(subscriber, Flux.empty())
            .start(stream -> method.accept(request, stream)));
  }

  public static <Q, A> Flux<A> both(
      Flux<Q> requests, Function<StreamObserver<A>, StreamObserver<Q>> method) {
    return Flux.from(subscriber -> new ClientStream<Q, A>(subscriber, requests).startBoth(method));
  }
}
