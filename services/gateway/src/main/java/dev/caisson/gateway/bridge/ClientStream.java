package dev.caisson.gateway.bridge;

import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import reactor.core.publisher.Flux;

/** One call to another service: its answers go to a subscriber, its requests come from a flux. */
final class ClientStream<Q, A> implements ClientResponseObserver<Q, A>, Subscription {
  private final Demand demand = new Demand();
  private final AtomicReference<@Nullable Throwable> requestFailure = new AtomicReference<>();
  private final Subscriber<? super A> subscriber;
  private final Flux<Q> requests;
  private volatile @Nullable ClientCallStreamObserver<Q> call;
  private volatile @Nullable OutboundStream<Q> outbound;
  private volatile boolean cancelled;

  ClientStream(Subscriber<? super A> subscriber, Flux<Q> requests) {
    this.subscriber = subscriber;
    this.requests = requests;
  }

  /** A call of one request, which the method sends itself. */
  void start(Consumer<StreamObserver<A>> method) {
    subscriber.onSubscribe(this);
    if (!cancelled) {
      method.accept(this);
      started();
    }
  }

  void startBoth(Function<StreamObserver<A>, StreamObserver<Q>> method) {
    start(stream -> Objects.requireNonNull(method.apply(stream)));
    OutboundStream<Q> sender = outbound;
    if (sender != null && !cancelled) {
      requests.subscribe(sender);
    }
  }

  private void started() {
    ClientCallStreamObserver<Q> running = Objects.requireNonNull(call);
    demand.start(running::request);
    if (cancelled) {
      cancel();
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> started) {
    OutboundStream<Q> sender = new OutboundStream<>(started, this::failRequests);
    started.disableAutoRequestWithInitial(0);
    started.setOnReadyHandler(sender::pump);
    call = started;
    outbound = sender;
  }

  @Override
  public void request(long messages) {
    demand.add(messages);
  }

  @Override
  public void cancel() {
    cancelled = true;
    stopRequests();
    ClientCallStreamObserver<Q> running = call;
    if (running != null) {
      running.cancel("The caller has given up", null);
    }
  }

  @Override
  public void onNext(A message) {
    if (!cancelled) {
      subscriber.onNext(message);
      demand.arrived();
    }
  }

  @Override
  public void onError(Throwable error) {
    stopRequests();
    if (!cancelled) {
      subscriber.onError(Objects.requireNonNullElse(requestFailure.get(), error));
    }
  }

  @Override
  public void onCompleted() {
    stopRequests();
    if (!cancelled) {
      subscriber.onComplete();
    }
  }

  /** The answers end with what was wrong with the requests, not with the cancellation it caused. */
  private void failRequests(Throwable error) {
    requestFailure.compareAndSet(null, error);
    Objects.requireNonNull(call).cancel("The requests failed", error);
  }

  private void stopRequests() {
    OutboundStream<Q> sender = outbound;
    if (sender != null) {
      sender.cancel();
    }
  }
}
