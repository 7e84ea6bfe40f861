package dev.caisson.gateway;

import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A client of a stream that reads only what the test asks for. */
final class StreamProbe<Q, A> implements ClientResponseObserver<Q, A> {
  private final BlockingQueue<A> answers = new LinkedBlockingQueue<>();
  private final CompletableFuture<Throwable> end = new CompletableFuture<>();
  private ClientCallStreamObserver<Q> call;

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> started) {
    started.disableAutoRequestWithInitial(0);
    call = started;
  }

  void send(Q message) {
    call.onNext(message);
  }

  ClientCallStreamObserver<Q> call() {
    return call;
  }

  A next() throws Exception {
    call.request(1);
    A answer = answers.poll(10, TimeUnit.SECONDS);
    if (answer == null) {
      throw new AssertionError("no answer; the end: " + end.getNow(null));
    }
    return answer;
  }

  /** Everything up to a good end. */
  List<A> rest() throws Exception {
    call.request(Integer.MAX_VALUE);
    Throwable error = end.get(10, TimeUnit.SECONDS);
    if (Status.fromThrowable(error).getCode() != Status.Code.OK) {
      throw new AssertionError("the stream failed", error);
    }
    return new ArrayList<>(answers);
  }

  /** How it ended. */
  Throwable failure() throws Exception {
    call.request(Integer.MAX_VALUE);
    return end.get(10, TimeUnit.SECONDS);
  }

  @Override
  public void onNext(A answer) {
    answers.add(answer);
  }

  @Override
  public void onError(Throwable error) {
    end.complete(error);
  }

  @Override
  public void onCompleted() {
    end.complete(Status.OK.asRuntimeException());
  }
}
