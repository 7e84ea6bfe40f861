package dev.caisson.gateway.bridge;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ServerCall;
import java.util.function.UnaryOperator;

/**
 * Looks at each message before it is served, which may replace or refuse it. After a refusal
 * nothing more of the call is served.
 */
public final class CheckedListener<Q> extends SimpleForwardingServerCallListener<Q> {
  private final UnaryOperator<Q> check;
  private boolean refused;

  /**
   * Before that listener.
   *
   * @param check throws to refuse
   */
  public CheckedListener(ServerCall.Listener<Q> listener, UnaryOperator<Q> check) {
    super(listener);
    this.check = check;
  }

  @Override
  public void onMessage(Q message) {
    if (refused) {
      return;
    }
    refused = true; // unless it is let through
    Q checked = check.apply(message);
    refused = false;
    super.onMessage(checked);
  }

  @Override
  public void onHalfClose() {
    if (!refused) {
      super.onHalfClose();
    }
  }

  /** gRPC calls it complete; for the service, its caller broke off. */
  @Override
  public void onComplete() {
    if (refused) {
      super.onCancel();
    } else {
      super.onComplete();
    }
  }
}
