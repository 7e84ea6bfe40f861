package dev.caisson.rpc;

import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Answers whatever a service throws or passes to onError: with its own status, with what the
 * service's mapper makes of it, or with INTERNAL, which is logged here and tells the caller
 * nothing.
 */
final class ErrorInterceptor implements ServerInterceptor {
  static final String REASON = "INTERNAL";
  private static final Logger LOG = System.getLogger(ErrorInterceptor.class.getName());

  static final String ENDING = "NOT_READY";

  private final Set<ClosingCall<?, ?>> running = ConcurrentHashMap.newKeySet();
  private final ErrorMapper mapper;
  private final String domain;

  ErrorInterceptor(ErrorMapper mapper, String domain) {
    this.mapper = mapper;
    this.domain = domain;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    ClosingCall<Q, A> closing = new ClosingCall<>(call);
    running.add(closing);
    try {
      return new CatchingListener<>(next.startCall(closing, headers), closing);
    } catch (RuntimeException error) {
      closing.fail(error);
      return new ServerCall.Listener<>() {};
    }
  }

  boolean isIdle() {
    return running.isEmpty();
  }

  /** Ends the calls that still run, in words that say to call again: grpc-java says CANCELLED. */
  void endAll() {
    StatusRuntimeException ending =
        RpcErrors.of(
            Status.Code.UNAVAILABLE,
            domain,
            ENDING,
            "The service is ending; call again when it is back",
            Map.of());
    running.forEach(call -> call.close(ending.getStatus(), RpcErrors.trailers(ending)));
  }

  private StatusRuntimeException answer(Throwable error, String method) {
    StatusRuntimeException mapped = mapper.map(error);
    if (mapped == null) {
      mapped = RpcErrors.deliberate(error);
    }
    return mapped == null ? defect(error, method) : mapped;
  }

  private StatusRuntimeException defect(Throwable error, String method) {
    LOG.log(Level.ERROR, "Defect in " + method, error);
    return RpcErrors.of(
        Status.Code.INTERNAL,
        domain,
        REASON,
        "The service failed in a way that it did not foresee; its log says how",
        Map.of("method", method));
  }

  /** Closes once: a listener that throws after the service has answered must not answer again. */
  private final class ClosingCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Context context = Context.current();

    ClosingCall(ServerCall<Q, A> call) {
      super(call);
    }

    @Override
    public void sendMessage(A message) {
      if (!closed.get()) {
        super.sendMessage(message);
      }
    }

    @Override
    public void close(Status status, Metadata trailers) {
      Throwable cause = unexpected(status);
      if (cause == null) {
        closeOnce(status, trailers);
      } else {
        fail(cause);
      }
    }

    /** From any thread; what is logged of it names the call. */
    void fail(Throwable error) {
      context.run(() -> closeWith(error));
    }

    private void closeWith(Throwable error) {
      StatusRuntimeException answer = answer(error, getMethodDescriptor().getFullMethodName());
      closeOnce(answer.getStatus(), RpcErrors.trailers(answer));
    }

    private void closeOnce(Status status, Metadata trailers) {
      if (closed.compareAndSet(false, true)) {
        running.remove(this);
        super.close(status, trailers);
      }
    }

    /** grpc-java gives an exception without a status the code UNKNOWN and itself as the cause. */
    private static @Nullable Throwable unexpected(Status status) {
      return status.getCode() == Status.Code.UNKNOWN ? status.getCause() : null;
    }
  }

  private final class CatchingListener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ClosingCall<Q, ?> call;

    CatchingListener(ServerCall.Listener<Q> listener, ClosingCall<Q, ?> call) {
      super(listener);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      guarded(() -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
      guarded(super::onHalfClose);
    }

    @Override
    public void onReady() {
      guarded(super::onReady);
    }

    @Override
    public void onCancel() {
      running.remove(call);
      guarded(super::onCancel);
    }

    @Override
    public void onComplete() {
      running.remove(call);
      guarded(super::onComplete);
    }

    private void guarded(Runnable event) {
      try {
        event.run();
      } catch (RuntimeException error) {
        call.fail(error);
      }
    }
  }
}
