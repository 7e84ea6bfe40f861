package dev.caisson.bench;

import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** Of a call with one request and one answer: complete when the call has ended. */
final class Answer<R> extends CompletableFuture<R> implements StreamObserver<R> {
  private volatile @Nullable R message;

  private Answer() {}

  /** Makes the call; completes on the thread that reads the socket, if the channel is direct. */
  static <Q, R> CompletableFuture<R> to(Q request, BiConsumer<Q, StreamObserver<R>> method) {
    Answer<R> answer = new Answer<>();
    method.accept(request, answer);
    return answer;
  }

  @Override
  public void onNext(R answered) {
    message = answered;
  }

  @Override
  public void onError(Throwable failure) {
    completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    R answered = message;
    if (answered == null) {
      completeExceptionally(new IllegalStateException("The call ended without an answer"));
    } else {
      complete(answered);
    }
  }
}
