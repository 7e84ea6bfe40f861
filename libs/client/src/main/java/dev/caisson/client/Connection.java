package dev.caisson.client;

import com.google.protobuf.ByteString;
import dev.caisson.proto.v1.PortForwardResponse;
import dev.caisson.proto.v1.PortOpened;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;
import reactor.util.context.Context;

/**
 * A TCP connection to a port of a container's sandbox, over one call, which begins when {@link
 * #data} is subscribed to. Either direction ends alone; {@link #close} ends both.
 */
public final class Connection implements AutoCloseable {
  private final Once<PortOpened> opened = new Once<>();
  private final Once<Void> closed = new Once<>();
  private final Sinks.Empty<PortForwardResponse> given = Sinks.empty();
  private final Disposable.Swap call = Disposables.swap();
  private final AtomicBoolean taken = new AtomicBoolean();
  private final Flux<PortForwardResponse> answers;

  Connection(Flux<PortForwardResponse> answers) {
    this.answers =
        answers
            .doOnSubscribe(begun -> call.replace(begun::cancel))
            .takeUntilOther(given.asMono()); // which tells of an error, and cancels nothing
  }

  /** That the connection is there. For any number of subscribers. */
  public Mono<PortOpened> opened() {
    return opened.mono();
  }

  /**
   * What the server sends, until it sends no more; what is sent to it goes on. For one subscriber,
   * once. Nothing is read beyond what he asks for and what is on its way, at most 64 KiB.
   * Cancelling it ends the call; once it has ended by itself, {@link #close} does.
   */
  public Flux<ByteString> data() {
    return Flux.from(subscriber -> {
      if (taken.compareAndSet(false, true)) {
        answers.subscribe(new Received((CoreSubscriber<? super ByteString>) subscriber));
      } else {
        Flux.<ByteString>error(new IllegalStateException("a connection's data has one subscriber"))
            .subscribe(subscriber);
      }
    });
  }

  /** The end of both directions, and so of the call. For any number of subscribers. */
  public Mono<Void> closed() {
    return closed.mono();
  }

  /**
   * Ends the call, whatever is still under way: what waits for it fails with CANCELLED. Without
   * effect when it has ended.
   */
  @Override
  public void close() {
    var _ = given.tryEmitError(Once.givenUp());
    call.dispose();
    opened.giveUp();
    closed.giveUp();
  }

  private final class Received implements CoreSubscriber<PortForwardResponse>, Subscription {
    private final CoreSubscriber<? super ByteString> subscriber;
    private Subscription call = Operators.emptySubscription();
    private boolean ended;

    Received(CoreSubscriber<? super ByteString> subscriber) {
      this.subscriber = subscriber;
    }

    @Override
    public Context currentContext() {
      return subscriber.currentContext();
    }

    @Override
    public void onSubscribe(Subscription begun) {
      call = begun;
      subscriber.onSubscribe(this);
    }

    @Override
    public void onNext(PortForwardResponse answer) {
      switch (answer.getMessageCase()) {
        case DATA -> data(answer.getData());
        case OPENED -> {
          opened.tell(answer.getOpened());
          call.request(1);
        }
        case END_OF_DATA -> {
          endData();
          call.request(1);
        }
        case MESSAGE_NOT_SET -> call.request(1);
      }
    }

    /** None is told of after its end, whatever a service sends. */
    private void data(ByteString piece) {
      if (ended) {
        call.request(1);
      } else {
        subscriber.onNext(piece);
      }
    }

    private void endData() {
      if (!ended) {
        ended = true;
        subscriber.onComplete();
      }
    }

    @Override
    public void onError(Throwable failure) {
      opened.fail(failure);
      closed.fail(failure);
      if (!ended) {
        ended = true;
        subscriber.onError(failure);
      }
    }

    @Override
    public void onComplete() {
      opened.end();
      closed.end();
      endData();
    }

    @Override
    public void request(long pieces) {
      call.request(pieces);
    }

    @Override
    public void cancel() {
      if (!ended) {
        call.cancel();
        opened.giveUp();
        closed.giveUp();
      }
    }
  }
}
