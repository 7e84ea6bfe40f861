package dev.caisson.bench;

import dev.caisson.proto.types.v1.ExitStatus;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;

/**
 * What the program of a call ended with, once the call has ended: of a run, the container is
 * deleted then.
 */
final class ExitCode<R> implements StreamObserver<R> {
  private final Function<R, Optional<ExitStatus>> decoder;
  private final CompletableFuture<Integer> code = new CompletableFuture<>();
  private int exited = -1;

  /**
   * @param decoder the exit that a message tells
   */
  ExitCode(Function<R, Optional<ExitStatus>> decoder) {
    this.decoder = decoder;
  }

  /** Its exit code, or the signal that it ended by; -1: the call has told none. */
  int await() throws InterruptedException, ExecutionException {
    return code.get();
  }

  @Override
  public void onNext(R message) {
    decoder.apply(message).ifPresent(status -> exited = status.getCode() + status.getSignal());
  }

  @Override
  public void onError(Throwable failure) {
    code.completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    code.complete(exited);
  }
}
