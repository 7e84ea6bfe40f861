package dev.caisson.gateway.bridge;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Ends calls that are opened and then say nothing: until the first message nothing is known of what
 * is asked, so that no quota counts them. Thread-safe.
 */
public final class PromptCalls implements ServerInterceptor, AutoCloseable {
  private final Duration patience;
  private final Supplier<StatusRuntimeException> refusal;
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().name("prompt-calls").daemon().factory());

  /**
   * For calls of one server.
   *
   * @param patience with the first message, which clients send with the call
   * @param refusal what those are told that do not
   */
  public PromptCalls(Duration patience, Supplier<StatusRuntimeException> refusal) {
    this.patience = patience;
    this.refusal = refusal;
    timer.setRemoveOnCancelPolicy(true);
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    EndedCall<Q, A> endable = new EndedCall<>(call);
    Future<?> late =
        timer.schedule(
            () -> endable.end(refusal.get()), patience.toMillis(), TimeUnit.MILLISECONDS);
    try {
      return new Prompted<>(next.startCall(endable, headers), endable, late);
    } catch (RuntimeException e) {
      late.cancel(false);
      throw e;
    }
  }

  /** Calls whose first message has not come. */
  int waiting() {
    return timer.getQueue().size();
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }

  private static final class Prompted<Q> extends SimpleForwardingServerCallListener<Q> {
    private final EndedCall<?, ?> call;
    private final Future<?> late;

    Prompted(ServerCall.Listener<Q> listener, EndedCall<?, ?> call, Future<?> late) {
      super(listener);
      this.call = call;
      this.late = late;
    }

    @Override
    public void onMessage(Q message) {
      late.cancel(false);
      if (call.begin()) {
        super.onMessage(message);
      }
    }

    /** Without a message, too: whoever serves it says what is missing. */
    @Override
    public void onHalfClose() {
      late.cancel(false);
      if (call.begin()) {
        super.onHalfClose();
      }
    }

    @Override
    public void onCancel() {
      late.cancel(false);
      super.onCancel();
    }

    /** gRPC calls it complete; for who serves it, its caller broke off. */
    @Override
    public void onComplete() {
      late.cancel(false);
      if (call.isEnded()) {
        super.onCancel();
      } else {
        super.onComplete();
      }
    }
  }

  /** One that can be ended from aside: what is sent after that is dropped. */
  private static final class EndedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private boolean begun;
    private boolean closed;
    private boolean ended;

    EndedCall(ServerCall<Q, A> call) {
      super(call);
    }

    /** From now on it is not ended: what it asks for is done. False: it was. */
    synchronized boolean begin() {
      begun = !ended;
      return begun;
    }

    synchronized boolean isEnded() {
      return ended;
    }

    synchronized void end(StatusRuntimeException refusal) {
      if (!closed && !begun) {
        ended = true;
        closed = true;
        Metadata trailers = refusal.getTrailers();
        super.close(refusal.getStatus(), trailers == null ? new Metadata() : trailers);
      }
    }

    @Override
    public synchronized void sendHeaders(Metadata headers) {
      if (!ended) {
        super.sendHeaders(headers);
      }
    }

    @Override
    public synchronized void sendMessage(A message) {
      if (!ended) {
        super.sendMessage(message);
      }
    }

    @Override
    public synchronized void close(Status status, Metadata trailers) {
      if (!ended) {
        closed = true;
        super.close(status, trailers);
      }
    }
  }
}
