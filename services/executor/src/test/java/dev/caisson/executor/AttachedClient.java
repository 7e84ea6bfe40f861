package dev.caisson.executor;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.caisson.proto.executor.v1.AttachRequest;
import dev.caisson.proto.executor.v1.AttachResponse;
import dev.caisson.proto.executor.v1.Container;
import dev.caisson.proto.executor.v1.ExecRequest;
import dev.caisson.proto.executor.v1.ExecResponse;
import dev.caisson.proto.executor.v1.Input;
import dev.caisson.proto.executor.v1.Output;
import dev.caisson.proto.executor.v1.ProcessInfo;
import dev.caisson.proto.executor.v1.RunRequest;
import dev.caisson.proto.executor.v1.RunResponse;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ExitStatus;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** The caller's side of Run, Exec or Attach. Collects all that comes. */
final class AttachedClient<Q, R> implements ClientResponseObserver<Q, R> {
  private final Function<Input, Q> encoder;
  private final BiConsumer<AttachedClient<Q, R>, R> decoder;
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
  private final CompletableFuture<Container> started = new CompletableFuture<>();
  private final CompletableFuture<ProcessInfo> execStarted = new CompletableFuture<>();
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final CompletableFuture<Void> completed = new CompletableFuture<>();
  private ClientCallStreamObserver<Q> call;
  private boolean slow;

  private AttachedClient(Function<Input, Q> encoder, BiConsumer<AttachedClient<Q, R>, R> decoder) {
    this.encoder = encoder;
    this.decoder = decoder;
  }

  static AttachedClient<RunRequest, RunResponse> run() {
    return new AttachedClient<>(
        input -> RunRequest.newBuilder().setInput(input).build(),
        (client, message) -> {
          switch (message.getMessageCase()) {
            case CREATED -> {}
            case STARTED -> client.started.complete(message.getStarted());
            case OUTPUT -> client.output(message.getOutput());
            case EXITED -> client.exit.complete(message.getExited());
            case MESSAGE_NOT_SET -> throw new AssertionError("empty message");
          }
        });
  }

  static AttachedClient<ExecRequest, ExecResponse> exec() {
    return new AttachedClient<>(
        input -> ExecRequest.newBuilder().setInput(input).build(),
        (client, message) -> {
          switch (message.getMessageCase()) {
            case STARTED -> client.execStarted.complete(message.getStarted());
            case OUTPUT -> client.output(message.getOutput());
            case EXITED -> client.exit.complete(message.getExited());
            case MESSAGE_NOT_SET -> throw new AssertionError("empty message");
          }
        });
  }

  static AttachedClient<AttachRequest, AttachResponse> attach() {
    return new AttachedClient<>(
        input -> AttachRequest.newBuilder().setInput(input).build(),
        (client, message) -> {
          switch (message.getMessageCase()) {
            case OUTPUT -> client.output(message.getOutput());
            case EXITED -> client.exit.complete(message.getExited());
            case MESSAGE_NOT_SET -> throw new AssertionError("empty message");
          }
        });
  }

  /** Takes no message by itself: {@link #take} asks for each. */
  AttachedClient<Q, R> slowly() {
    slow = true;
    return this;
  }

  void begin(Function<StreamObserver<R>, StreamObserver<Q>> method, Q first) {
    method.apply(this).onNext(first);
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> observer) {
    call = observer;
    if (slow) {
      observer.disableAutoRequestWithInitial(0);
    }
  }

  void take(int messages) {
    call.request(messages);
  }

  @Override
  public void onNext(R message) {
    decoder.accept(this, message);
  }

  private synchronized void output(Output output) {
    ByteArrayOutputStream to =
        switch (output.getStream()) {
          case STDOUT -> stdout;
          case STDERR -> stderr;
          case STREAM_UNSPECIFIED, UNRECOGNIZED -> throw new AssertionError(output);
        };
    to.writeBytes(output.getData().toByteArray());
  }

  @Override
  public void onError(Throwable t) {
    started.completeExceptionally(t);
    execStarted.completeExceptionally(t);
    exit.completeExceptionally(t);
    completed.completeExceptionally(t);
  }

  @Override
  public void onCompleted() {
    completed.complete(null);
  }

  AttachedClient<Q, R> input(String text) {
    return input(ByteString.copyFromUtf8(text));
  }

  AttachedClient<Q, R> input(ByteString data) {
    call.onNext(encoder.apply(Input.newBuilder().setStdin(data).build()));
    return this;
  }

  AttachedClient<Q, R> resize(int rows, int columns) {
    ConsoleSize size = ConsoleSize.newBuilder().setHeight(rows).setWidth(columns).build();
    call.onNext(encoder.apply(Input.newBuilder().setResize(size).build()));
    return this;
  }

  AttachedClient<Q, R> endOfInput() {
    call.onNext(encoder.apply(Input.newBuilder().setStdinEof(true).build()));
    return this;
  }

  AttachedClient<Q, R> signal(int signal) {
    call.onNext(encoder.apply(Input.newBuilder().setSignal(signal).build()));
    return this;
  }

  AttachedClient<Q, R> detach() {
    return send(Input.newBuilder().setDetach(true).build());
  }

  AttachedClient<Q, R> send(Input input) {
    call.onNext(encoder.apply(input));
    return this;
  }

  AttachedClient<Q, R> closeInput() {
    call.onCompleted();
    return this;
  }

  void cancel() {
    call.cancel("the test's client leaves", null);
  }

  Container started() {
    return joined(started);
  }

  ProcessInfo execStarted() {
    return joined(execStarted);
  }

  /** Whether an exec'd process was told of. */
  boolean hasStarted() {
    return execStarted.isDone() && !execStarted.isCompletedExceptionally();
  }

  /** The error that ended the call. */
  Throwable failure() {
    try {
      completed.orTimeout(TestNode.PATIENCE.toSeconds(), TimeUnit.SECONDS).join();
      throw new AssertionError("the call did not fail");
    } catch (CompletionException e) {
      return e.getCause();
    }
  }

  /** Blocks until the process has ended and the call too. */
  Ended ended() {
    return ended(TestNode.PATIENCE);
  }

  Ended ended(Duration patience) {
    ExitStatus status = joined(exit, patience);
    joined(completed, patience);
    return new Ended(status, ByteString.copyFrom(stdout()), ByteString.copyFrom(stderr()));
  }

  boolean hasExit() {
    return exit.isDone();
  }

  boolean isCompleted() {
    return completed.isDone();
  }

  /** Blocks until the call has ended well. */
  void awaitCompleted() {
    joined(completed);
  }

  private static <T> T joined(CompletableFuture<T> future) {
    return joined(future, TestNode.PATIENCE);
  }

  private static <T> T joined(CompletableFuture<T> future, Duration patience) {
    return future.orTimeout(patience.toSeconds(), TimeUnit.SECONDS).join();
  }

  synchronized byte[] stdout() {
    return stdout.toByteArray();
  }

  synchronized byte[] stderr() {
    return stderr.toByteArray();
  }

  /** Blocks until this was printed. */
  AttachedClient<Q, R> awaitOutput(String text) {
    TestNode.eventually(
        "output " + text,
        () -> {
          assertThat(exit).as("the process ended").isNotCompletedExceptionally();
          return new String(stdout(), StandardCharsets.UTF_8).contains(text);
        });
    return this;
  }
}
