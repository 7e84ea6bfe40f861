package dev.caisson.gateway.bridge;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * The messages of a caller as a publisher for one subscriber, which must subscribe before the
 * service's method returns: gRPC delivers nothing earlier, and no message that was not asked for.
 */
final class InboundStream<T> implements StreamObserver<T>, Publisher<T>, Subscription {
  private final Demand demand = new Demand();
  private final ServerCallStreamObserver<?> call;
  private @Nullable Subscriber<? super T> subscriber;
  private volatile boolean cancelled;

  InboundStream(ServerCallStreamObserver<?> call) {
    this.call = call;
    call.disableAutoRequest();
  }

  @Override
  public void subscribe(Subscriber<? super T> one) {
    if (subscriber != null) {
      throw new IllegalStateException("a call's messages have one subscriber");
    }
    subscriber = one;
    one.onSubscribe(this);
    demand.start(call::request);
  }

  @Override
  public void request(long messages) {
    demand.add(messages);
  }

  @Override
  public void cancel() {
    cancelled = true;
  }

  @Override
  public void onNext(T message) {
    Subscriber<? super T> receiver = receiver();
    if (receiver != null) {
      receiver.onNext(message);
      demand.arrived();
    }
  }

  @Override
  public void onError(Throwable error) {
    Subscriber<? super T> receiver = receiver();
    if (receiver != null) {
      receiver.onError(error);
    }
  }

  @Override
  public void onCompleted() {
    Subscriber<? super T> receiver = receiver();
    if (receiver != null) {
      receiver.onComplete();
    }
  }

  private @Nullable Subscriber<? super T> receiver() {
    return cancelled ? null : subscriber;
  }
}
