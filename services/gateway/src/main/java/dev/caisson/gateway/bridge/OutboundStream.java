package dev.caisson.gateway.bridge;

import io.grpc.stub.CallStreamObserver;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.util.context.Context;

/**
 * Sends what a publisher gives, asking for one message at a time and only while the call is ready:
 * what is under way is gRPC's own buffer and one message.
 */
final class OutboundStream<T> extends BaseSubscriber<T> {
  private static final Logger LOG = LoggerFactory.getLogger(OutboundStream.class);

  /** Reactor's own key for what becomes of an error that nobody is there to hear of. */
  static final String DROPPED = "reactor.onErrorDropped.local";

  // Who gives up ends the calls behind it too, and their errors may come before or after: no event.
  private static final Context CONTEXT =
      Context.of(
          DROPPED, (Consumer<Throwable>) error -> LOG.debug("After the caller gave up", error));

  private final CallStreamObserver<T> call;
  private final Consumer<Throwable> whenFailed;
  private final AtomicBoolean asked = new AtomicBoolean();

  OutboundStream(CallStreamObserver<T> call, Consumer<Throwable> whenFailed) {
    this.call = call;
    this.whenFailed = whenFailed;
  }

  /** Asks for the next message if it can be sent: called whenever the call becomes ready. */
  void pump() {
    if (!isDisposed() && upstream() != null && call.isReady() && asked.compareAndSet(false, true)) {
      request(1);
    }
  }

  @Override
  public Context currentContext() {
    return CONTEXT;
  }

  @Override
  protected void hookOnSubscribe(Subscription subscription) {
    // The first message need not wait until there is a stream for it: it is the one under way.
    asked.set(true);
    request(1);
  }

  @Override
  protected void hookOnNext(T message) {
    call.onNext(message);
    // Not before: the next message may come on another thread, and a call is used by one at a time.
    asked.set(false);
    pump();
  }

  @Override
  protected void hookOnComplete() {
    call.onCompleted();
  }

  @Override
  protected void hookOnError(Throwable error) {
    whenFailed.accept(error);
  }
}
