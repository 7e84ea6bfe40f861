package dev.caisson.executor.rpc;

import com.google.protobuf.ByteString;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.sandbox.ProcessStreams;
import dev.caisson.executor.stdio.OutputSink;
import dev.caisson.executor.stdio.OutputStream;
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.Output;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ExitStatus;
import io.grpc.Context;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A call that carries a process's streams: Run, Exec and Attach differ only in how it begins and in
 * what follows its end.
 *
 * <p>Back-pressure: output is read from the pipe only while the client takes it, and the next input
 * is asked for when the process has taken the one before.
 */
final class AttachedCall<Q, R> implements StreamObserver<Q>, OutputSink {

  /** What is particular to one method. */
  interface Method<Q, R> {
    /**
     * Acts on the first message; may answer through {@code out}.
     *
     * @return what to be attached to; absent ends the call
     */
    @Nullable Attachment begin(Q first, Consumer<R> out);

    /** The input in a later message; null when it holds none. */
    @Nullable Input input(Q message);

    R output(Output output);

    R exited(ExitStatus status);
  }

  /**
   * A process to be attached to.
   *
   * @param streams null when it has none
   * @param turns runs what follows the exit
   * @param afterExit runs once the exit was told, before the call ends
   * @param broken runs when the client goes away before the exit
   * @param detached runs when it does so on purpose, before the call ends
   */
  record Attachment(
      @Nullable ProcessStreams streams,
      CompletableFuture<ExitStatus> exit,
      IntConsumer signal,
      Executor turns,
      Runnable afterExit,
      Runnable broken,
      Runnable detached) {}

  private final ServerCallStreamObserver<R> client;
  private final Method<Q, R> method;
  private final Executor workers;
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Answers come from several threads, and none after the end. */
  private final Object answering = new Object();

  /** Done when the call has ended before its process. */
  private final CompletableFuture<@Nullable Void> left = new CompletableFuture<>();

  private volatile @Nullable Attachment attachment;
  private volatile boolean inputEnded;

  private AttachedCall(ServerCallStreamObserver<R> client, Method<Q, R> method, Executor workers) {
    this.client = client;
    this.method = method;
    this.workers = Context.current().fixedContextExecutor(workers); // for what is logged
  }

  /** To be returned by the service's method. */
  static <Q, R> StreamObserver<Q> of(
      StreamObserver<R> responses, Method<Q, R> method, Executor workers) {
    ServerCallStreamObserver<R> client = (ServerCallStreamObserver<R>) responses;
    AttachedCall<Q, R> call = new AttachedCall<>(client, method, workers);
    client.disableAutoRequest();
    client.setOnReadyHandler(call::resume);
    client.setOnCancelHandler(call::cancelled);
    client.request(1);
    return call;
  }

  @Override
  public void onNext(Q message) {
    try {
      if (attachment == null) {
        begin(message);
      } else {
        input(message);
      }
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void begin(Q first) {
    Attachment begun = method.begin(first, client::onNext);
    if (begun == null) {
      ended.set(true);
      client.onCompleted();
      return;
    }
    attachment = begun;
    if (begun.streams() != null) {
      begun.streams().output().attach(this);
    }
    // Whatever waits for the exit is let go of when the caller leaves: anyOf forgets what it was
    // made
    // of once it is done.
    var _ =
        CompletableFuture.anyOf(begun.exit(), left)
            .whenComplete((status, lost) -> {
              if (!left.isDone()) {
                exited(begun, (ExitStatus) status);
              }
            });
    if (client.isCancelled()) {
      cancelled();
    }
    client.request(1);
  }

  private void input(Q message) {
    Input input = method.input(message);
    Attachment to = attachment;
    if (input == null || to == null) {
      throw ErrorMapping.invalidStream();
    }
    if (input.getDetach()) {
      detach(to);
      return;
    }
    if (input.getSignal() != 0) {
      to.signal().accept(input.getSignal());
    }
    ProcessStreams streams = to.streams();
    if (input.hasResize()) {
      resize(streams, input.getResize());
    }
    if (streams == null || inputEnded || (input.getStdin().isEmpty() && !input.getStdinEof())) {
      client.request(1);
      return;
    }
    inputEnded = input.getStdinEof();
    streams.input().write(this, input.getStdin(), inputEnded, () -> client.request(1));
  }

  /** What comes out until then is the caller's, what comes later another's. */
  private void detach(Attachment from) {
    inputEnded = true; // for this caller alone
    if (from.streams() == null) {
      detached(from);
    } else {
      from.streams().output().detach(this, () -> detached(from));
    }
  }

  private void detached(Attachment from) {
    if (end()) {
      later(() -> from.turns().execute(() -> complete(from.detached())));
    }
  }

  private static void resize(@Nullable ProcessStreams streams, ConsoleSize size) {
    if (streams == null || streams.terminal().isEmpty()) {
      throw new Refusal(
              Reason.NO_TERMINAL,
              "The process has no terminal whose size could be changed: create it with one.",
              Map.of())
          .exception();
    }
    streams.terminal().get().resize(size.getHeight(), size.getWidth());
  }

  /** In the sandbox's turn: what takes a turn itself is left to a worker. */
  private void exited(Attachment from, @Nullable ExitStatus status) {
    if (from.streams() == null) {
      workers.execute(() -> finish(from, status));
    } else {
      from.streams().output().finish(this, () -> workers.execute(() -> finish(from, status)));
    }
  }

  private void finish(Attachment from, @Nullable ExitStatus status) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    attempt(() -> {
      if (status != null) {
        client.onNext(method.exited(status));
      }
      from.turns().execute(() -> complete(from.afterExit()));
    });
  }

  private void complete(Runnable last) {
    attempt(() -> {
      last.run();
      client.onCompleted();
    });
  }

  private void attempt(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      client.onError(ErrorMapping.status(e));
    }
  }

  private void fail(RuntimeException e) {
    if (end()) {
      leave();
      client.onError(ErrorMapping.status(e));
    }
  }

  private void cancelled() {
    if (end()) {
      leave();
    }
  }

  /** Says whether it is this one that ends the call. No answer is under way, and none follows. */
  private boolean end() {
    synchronized (answering) {
      if (!ended.compareAndSet(false, true)) {
        return false;
      }
    }
    left.complete(null);
    return true;
  }

  private void leave() {
    Attachment from = attachment;
    if (from == null) {
      return;
    }
    if (from.streams() != null) {
      from.streams().output().detach(this, () -> {});
      from.streams().input().leave(this);
    }
    later(from.broken());
  }

  private void later(Runnable task) {
    try {
      workers.execute(task);
    } catch (RejectedExecutionException e) {
      // The executor ends: its next life deals with whoever does not come back.
    }
  }

  @Override
  public void onError(Throwable t) {
    cancelled();
  }

  /** The client has no more input; output goes on. */
  @Override
  public void onCompleted() {
    Attachment to = attachment;
    if (to == null) {
      fail(ErrorMapping.invalidStream());
    } else if (to.streams() != null && !inputEnded) {
      inputEnded = true;
      to.streams().input().finish(this);
    }
  }

  private void resume() {
    Attachment to = attachment;
    if (to != null && to.streams() != null) {
      to.streams().output().resume();
    }
  }

  @Override
  public boolean isReady() {
    return client.isReady() && !ended.get();
  }

  @Override
  public void output(OutputStream stream, ByteString data) {
    Output.Stream kind =
        switch (stream) {
          case STDOUT -> Output.Stream.STDOUT;
          case STDERR -> Output.Stream.STDERR;
        };
    R message = method.output(Output.newBuilder().setStream(kind).setData(data).build());
    synchronized (answering) {
      if (!ended.get()) {
        client.onNext(message);
      }
    }
  }

  @Override
  public void leftBehind(Duration patience) {
    String sentence =
        "You have taken no output for "
            + patience.toSeconds()
            + " s while others waited for it: attach again to go on with what comes.";
    later(() -> fail(Refusal.limit("output", sentence).exception()));
  }
}
