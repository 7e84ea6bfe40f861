package dev.caisson.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Makes calls on a channel, each when it is subscribed to and its first answer is asked for. They
 * belong to gRPC's context of the one who subscribes.
 *
 * @param deadline of each call; empty: {@link Caisson#DEADLINE} for those with one answer, none for
 *     others
 * @param waitForReady whether a call waits for the connection, instead of failing without one
 */
record Calls(Channel channel, Optional<Duration> deadline, boolean waitForReady) {
  private static final RequestIds IDS = RequestIds.random();

  /** Of one answer. Whoever subscribes again sends the same {@code request_id}. */
  <Q, A> Mono<A> unary(MethodDescriptor<Q, A> method, Q request) {
    Duration limit = deadline.orElse(Caisson.DEADLINE);
    return call(method, Mono.just(IDS.named(request)), () -> after(limit)).single();
  }

  /** Of one answer, that may rightly take as long as a container lives. */
  <Q, A> Mono<A> lasting(MethodDescriptor<Q, A> method, Q request) {
    return stream(method, request).single();
  }

  <Q, A> Flux<A> stream(MethodDescriptor<Q, A> method, Q request) {
    return both(method, Mono.just(request));
  }

  <Q, A> Flux<A> both(MethodDescriptor<Q, A> method, Publisher<Q> requests) {
    return call(method, requests, this::ownDeadline);
  }

  /**
   * One that is made again and again: all of them have one deadline, and one context.
   *
   * @param made told what becomes of its calls
   */
  <A> Flux<A> repeated(Function<Repeated, Flux<A>> made) {
    return Flux.defer(() -> made.apply(new Repeated(this, ownDeadline(), Context.current())));
  }

  /** The calls of one subscription. */
  record Repeated(Calls calls, Optional<Deadline> end, Context context) {
    <Q, A> Flux<A> stream(
        MethodDescriptor<Q, A> method, Q request, Consumer<Metadata> whenAnswered) {
      return calls.call(method, Mono.just(request), () -> end, context, whenAnswered);
    }

    /** Those that fail where nothing listens: one that waited would say nothing of it. */
    Repeated atOnce() {
      return new Repeated(new Calls(calls.channel, calls.deadline, false), end, context);
    }
  }

  private Optional<Deadline> ownDeadline() {
    return deadline.flatMap(Calls::after);
  }

  private static Optional<Deadline> after(Duration limit) {
    return Optional.of(Deadline.after(limit.toNanos(), TimeUnit.NANOSECONDS));
  }

  /** Where the deadline of a call comes from, when it begins. */
  private interface End {
    Optional<Deadline> fromNow();
  }

  private <Q, A> Flux<A> call(MethodDescriptor<Q, A> method, Publisher<Q> requests, End end) {
    return Flux.defer(() -> call(method, requests, end, Context.current(), _ -> {}));
  }

  private <Q, A> Flux<A> call(
      MethodDescriptor<Q, A> method,
      Publisher<Q> requests,
      End end,
      Context context,
      Consumer<Metadata> whenAnswered) {
    return new Flux<>() {
      @Override
      public void subscribe(CoreSubscriber<? super A> subscriber) {
        subscriber.onSubscribe(
            new CallSubscription<>(
                () -> channel.newCall(method, options(end.fromNow())),
                context,
                requests,
                subscriber,
                whenAnswered));
      }
    };
  }

  private CallOptions options(Optional<Deadline> end) {
    CallOptions options =
        waitForReady ? CallOptions.DEFAULT.withWaitForReady() : CallOptions.DEFAULT;
    return end.map(options::withDeadline).orElse(options);
  }
}
