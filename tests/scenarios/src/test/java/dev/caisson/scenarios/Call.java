package dev.caisson.scenarios;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.ExecContainerResponse;
import dev.caisson.proto.v1.Input;
import dev.caisson.proto.v1.Output;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.RunContainerResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.awaitility.Awaitility;

/** The caller's side of a program's streams. Collects all that comes. */
final class Call<Q, R> implements StreamObserver<R> {
  private static final long SECONDS = 30;

  private final Function<R, Answer> decoder;
  private final Function<Input, Q> encoder;
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
  private final CompletableFuture<ExitStatus> exit = new CompletableFuture<>();
  private final CompletableFuture<ExitStatus> end = new CompletableFuture<>();
  private final CompletableFuture<Void> started = new CompletableFuture<>();
  private StreamObserver<Q> requests;

  /** What a message says; the others are of no interest here. */
  private record Answer(boolean started, Output output, Optional<ExitStatus> exited) {}

  private Call(Function<Input, Q> encoder, Function<R, Answer> decoder) {
    this.encoder = encoder;
    this.decoder = decoder;
  }

  static Call<RunContainerRequest, RunContainerResponse> run(
      Function<StreamObserver<RunContainerResponse>, StreamObserver<RunContainerRequest>> method,
      RunContainerRequest first) {
    return new Call<RunContainerRequest, RunContainerResponse>(
            input -> RunContainerRequest.newBuilder().setInput(input).build(),
            message ->
                new Answer(
                    message.hasStarted(),
                    message.getOutput(),
                    Optional.of(message.getExited()).filter(_ -> message.hasExited())))
        .begin(method, first);
  }

  static Call<ExecContainerRequest, ExecContainerResponse> exec(
      Function<StreamObserver<ExecContainerResponse>, StreamObserver<ExecContainerRequest>> method,
      ExecContainerRequest first) {
    return new Call<ExecContainerRequest, ExecContainerResponse>(
            input -> ExecContainerRequest.newBuilder().setInput(input).build(),
            message ->
                new Answer(
                    message.hasStarted(),
                    message.getOutput(),
                    Optional.of(message.getExited()).filter(_ -> message.hasExited())))
        .begin(method, first);
  }

  private Call<Q, R> begin(Function<StreamObserver<R>, StreamObserver<Q>> method, Q first) {
    requests = method.apply(this);
    requests.onNext(first);
    return this;
  }

  @Override
  public void onNext(R message) {
    Answer answer = decoder.apply(message);
    if (answer.started()) {
      started.complete(null);
    }
    collect(answer.output()); // nothing, where it is about something else
    answer.exited().ifPresent(exit::complete);
  }

  private synchronized void collect(Output output) {
    (output.getStream() == Output.Stream.STDERR ? stderr : stdout)
        .writeBytes(output.getData().toByteArray());
  }

  @Override
  public void onError(Throwable failure) {
    started.completeExceptionally(failure);
    end.completeExceptionally(failure);
  }

  @Override
  public void onCompleted() {
    end.complete(exit.getNow(ExitStatus.getDefaultInstance()));
  }

  Call<Q, R> type(String text) {
    requests.onNext(
        encoder.apply(Input.newBuilder().setStdin(ByteString.copyFromUtf8(text)).build()));
    return this;
  }

  Call<Q, R> closeInput() {
    requests.onCompleted();
    return this;
  }

  Call<Q, R> awaitStarted() {
    joined(started);
    return this;
  }

  Call<Q, R> awaitOutput(String text) {
    Awaitility.await(text).until(() -> out().contains(text));
    return this;
  }

  synchronized String out() {
    return stdout.toString(StandardCharsets.UTF_8);
  }

  private synchronized String err() {
    return stderr.toString(StandardCharsets.UTF_8);
  }

  /**
   * Blocks until the process has ended, and the call too.
   *
   * @throws StatusRuntimeException if the call failed
   */
  Ended ended() {
    ExitStatus status = joined(end);
    return new Ended(status, out(), err());
  }

  private static <T> T joined(CompletableFuture<T> future) {
    try {
      return future.orTimeout(SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof StatusRuntimeException failure) {
        throw failure;
      }
      throw e;
    }
  }
}
