package dev.caisson.gateway.bridge;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ServerCall;

/** Does something when a call is over, however it ends. */
public final class EndedListener<Q> extends SimpleForwardingServerCallListener<Q> {
  private final Runnable end;

  /**
   * Around that listener.
   *
   * @param end runs once
   */
  public EndedListener(ServerCall.Listener<Q> listener, Runnable end) {
    super(listener);
    this.end = end;
  }

  @Override
  public void onComplete() {
    end.run();
    super.onComplete();
  }

  @Override
  public void onCancel() {
    end.run();
    super.onCancel();
  }
}
