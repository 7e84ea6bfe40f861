package dev.caisson.client;

import io.grpc.ClientCall;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.util.context.Context;

/**
 * Sends what a publisher gives, asking for one message at a time and only while the call is ready:
 * what is under way is gRPC's own buffer and one message.
 */
final class RequestSender<Q> extends BaseSubscriber<Q> {
  /** Reactor's own key for what becomes of an error that nobody is there to hear of. */
  private static final String DROPPED = "reactor.onErrorDropped.local";

  private final ClientCall<Q, ?> call;
  private final Context context;
  private final Consumer<Throwable> whenFailed;
  private final AtomicBoolean asked = new AtomicBoolean();

  /**
   * @param context of whoever takes the answers
   */
  RequestSender(ClientCall<Q, ?> call, Context context, Consumer<Throwable> whenFailed) {
    this.call = call;
    this.context = context.put(DROPPED, (Consumer<Throwable>) _ -> {}); // the call is over
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
    return context;
  }

  @Override
  protected void hookOnSubscribe(Subscription subscription) {
    // The first message need not wait until there is a stream for it: it is the one under way.
    asked.set(true);
    request(1);
  }

  @Override
  protected void hookOnNext(Q message) {
    call.sendMessage(message);
    // Not before: the next message may come on another thread, and a call is used by one at a time.
    asked.set(false);
    pump();
  }

  @Override
  protected void hookOnComplete() {
    call.halfClose();
  }

  @Override
  protected void hookOnError(Throwable error) {
    whenFailed.accept(error);
  }
}
