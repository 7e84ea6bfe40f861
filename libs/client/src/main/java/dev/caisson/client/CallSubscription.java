package dev.caisson.client;

import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Operators;

/**
 * One call: its answers go to a subscriber, its requests come from a publisher. It is made when the
 * subscriber asks for the first answer: its deadline runs from then.
 */
final class CallSubscription<Q, A> implements Subscription {
  private final Demand demand = new Demand();
  private final AtomicBoolean begun = new AtomicBoolean();
  private final Supplier<ClientCall<Q, A>> calls;
  private final Context context;
  private final Publisher<Q> requests;
  private final CoreSubscriber<? super A> subscriber;
  private final Consumer<Metadata> whenAnswered;
  private volatile @Nullable Running running;
  private volatile boolean cancelled;

  /**
   * @param calls makes the one call
   * @param context in which it is made, whoever asks for the first answer
   * @param whenAnswered told of the answer's headers, before its first message
   */
  CallSubscription(
      Supplier<ClientCall<Q, A>> calls,
      Context context,
      Publisher<Q> requests,
      CoreSubscriber<? super A> subscriber,
      Consumer<Metadata> whenAnswered) {
    this.calls = calls;
    this.context = context;
    this.requests = requests;
    this.subscriber = subscriber;
    this.whenAnswered = whenAnswered;
  }

  @Override
  public void request(long messages) {
    if (!Operators.validate(messages)) {
      return;
    }
    demand.add(messages);
    if (!cancelled && begun.compareAndSet(false, true)) {
      context.run(this::begin);
    }
  }

  private void begin() {
    Running call = new Running(calls.get());
    call.start();
    running = call;
    call.take();
    if (cancelled) {
      call.cancel();
    }
  }

  @Override
  public void cancel() {
    cancelled = true;
    Running call = running;
    if (call != null) {
      call.cancel();
    }
  }

  private final class Running extends ClientCall.Listener<A> {
    private final AtomicReference<@Nullable Throwable> requestFailure = new AtomicReference<>();
    private final ClientCall<Q, A> call;
    private final RequestSender<Q> sender;

    Running(ClientCall<Q, A> call) {
      this.call = call;
      this.sender = new RequestSender<>(call, subscriber.currentContext(), this::failRequests);
    }

    void start() {
      call.start(this, new Metadata());
    }

    /** Answers first: they come even if the publisher of the requests holds up who subscribes. */
    void take() {
      demand.start(call::request);
      requests.subscribe(sender);
    }

    void cancel() {
      sender.cancel();
      call.cancel("The caller has given up", null);
    }

    @Override
    public void onHeaders(Metadata headers) {
      whenAnswered.accept(headers);
    }

    @Override
    public void onReady() {
      sender.pump();
    }

    @Override
    public void onMessage(A message) {
      if (!cancelled) {
        subscriber.onNext(message);
        demand.arrived();
      }
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      sender.cancel();
      if (cancelled) {
        return;
      }
      if (status.isOk()) {
        subscriber.onComplete();
      } else {
        subscriber.onError(
            Objects.requireNonNullElseGet(requestFailure.get(), () -> failure(status, trailers)));
      }
    }

    /**
     * A stream that is reset by the other side, as by a server that does not wait any longer for
     * who reads slowly, has the code of one whose caller has given up. He has not.
     */
    private CaissonException failure(Status status, Metadata trailers) {
      CaissonException failure = CaissonException.of(status.asRuntimeException(trailers));
      boolean reset =
          failure.code() == Status.Code.CANCELLED
              && failure.reason().isEmpty()
              && !failure.isUnreached()
              && status.getCause() == null // else it has failed at our side
              && !context.isCancelled();
      return reset
          ? CaissonException.of(Status.UNAVAILABLE.withCause(failure).asRuntimeException())
          : failure;
    }

    /** The answers end with what was wrong with the requests, not with the cancellation it made. */
    private void failRequests(Throwable error) {
      requestFailure.compareAndSet(null, error);
      call.cancel("The requests failed", error);
    }
  }
}
