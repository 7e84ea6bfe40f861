package dev.caisson.gateway.relay;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.BlockingQueue;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One stream of the journal. A message is asked for when the one before was taken; so at most one
 * waits, and one is under way. Its callbacks come from gRPC's threads, the rest from the relay's.
 */
final class Follower<Q, A> implements ClientResponseObserver<Q, A> {

  /** What a stream gives to the relay. */
  sealed interface Event {

    /** A message of it; the next one is to be asked for. */
    record Arrived(Arrival arrival, Follower<?, ?> source) implements Event {}

    /** Its end. */
    record Ended(Throwable cause, Follower<?, ?> source) implements Event {}

    /** Nothing of any stream: the relay shall wait no longer. */
    record Woken() implements Event {}
  }

  private final Function<A, Arrival> arrival;
  private final BlockingQueue<Event> events;
  private volatile @Nullable ClientCallStreamObserver<Q> call;

  /**
   * A stream whose events go to a queue.
   *
   * @param events without a bound of its own: it never holds more than one of each stream, and each
   *     one's end
   */
  Follower(Function<A, Arrival> arrival, BlockingQueue<Event> events) {
    this.arrival = arrival;
    this.events = events;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> stream) {
    stream.disableAutoRequestWithInitial(1);
    call = stream;
  }

  @Override
  public void onNext(A response) {
    events.add(new Event.Arrived(arrival.apply(response), this));
  }

  @Override
  public void onError(Throwable error) {
    events.add(new Event.Ended(error, this));
  }

  @Override
  public void onCompleted() {
    Status ended = Status.UNAVAILABLE.withDescription("The journal has ended the stream");
    events.add(new Event.Ended(ended.asRuntimeException(), this));
  }

  /** Asks for the next message. */
  void next() {
    ClientCallStreamObserver<Q> stream = call;
    if (stream != null) {
      stream.request(1);
    }
  }

  void cancel() {
    ClientCallStreamObserver<Q> stream = call;
    if (stream != null) {
      stream.cancel("The relay begins anew", null);
    }
  }
}
