package dev.caisson.gateway.bridge;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Answers calls with what Reactor gives; a caller who gives up cancels it. */
public final class ServerCalls {
  private ServerCalls() {}

  public static <A> void answer(StreamObserver<A> responses, Mono<A> answer) {
    send((ServerCallStreamObserver<A>) responses, answer);
  }

  public static <A> void stream(StreamObserver<A> responses, Flux<A> answers) {
    send((ServerCallStreamObserver<A>) responses, answers);
  }

  /**
   * Both ways at once.
   *
   * @param handler makes the answers of the caller's messages, and subscribes to these with its own
   *     subscription
   * @return what gRPC gives the caller's messages to
   */
  public static <Q, A> StreamObserver<Q> both(
      StreamObserver<A> responses, Function<Flux<Q>, Flux<A>> handler) {
    ServerCallStreamObserver<A> call = (ServerCallStreamObserver<A>) responses;
    InboundStream<Q> requests = new InboundStream<>(call);
    send(call, handler.apply(Flux.from(requests)));
    return requests;
  }

  private static <A> void send(ServerCallStreamObserver<A> call, Publisher<A> answers) {
    OutboundStream<A> outbound = new OutboundStream<>(call, call::onError);
    call.setOnReadyHandler(outbound::pump);
    call.setOnCancelHandler(outbound::cancel);
    answers.subscribe(outbound);
  }
}
