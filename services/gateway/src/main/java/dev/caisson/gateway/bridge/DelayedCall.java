package dev.caisson.gateway.bridge;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCall.Listener;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Holds what comes for a call until it is known who serves it. Nothing of the caller's is read
 * meanwhile, so there is little: that it was cancelled, or can be written to.
 */
public final class DelayedCall<Q> extends Listener<Q> {
  private final List<Consumer<Listener<Q>>> held = new ArrayList<>();
  private @Nullable Listener<Q> served;

  /** Goes on with that listener, on the calling thread, with what was held first. */
  public synchronized void serve(Listener<Q> listener) {
    held.forEach(event -> event.accept(listener));
    held.clear();
    served = listener;
  }

  /** Nobody serves it. */
  public void close(ServerCall<?, ?> call, Throwable refusal) {
    call.close(io.grpc.Status.fromThrowable(refusal), trailers(refusal));
    serve(new Listener<>() {});
  }

  private static Metadata trailers(Throwable refusal) {
    Metadata trailers = io.grpc.Status.trailersFromThrowable(refusal);
    return trailers == null ? new Metadata() : trailers;
  }

  private synchronized void pass(Consumer<Listener<Q>> event) {
    if (served == null) {
      held.add(event);
    } else {
      event.accept(served);
    }
  }

  @Override
  public void onMessage(Q message) {
    pass(listener -> listener.onMessage(message));
  }

  @Override
  public void onHalfClose() {
    pass(Listener::onHalfClose);
  }

  @Override
  public void onCancel() {
    pass(Listener::onCancel);
  }

  @Override
  public void onComplete() {
    pass(Listener::onComplete);
  }

  @Override
  public void onReady() {
    pass(Listener::onReady);
  }
}
