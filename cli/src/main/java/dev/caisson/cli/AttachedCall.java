package dev.caisson.cli;

import com.google.protobuf.ByteString;
import dev.caisson.proto.types.v1.ConsoleSize;
import dev.caisson.proto.types.v1.ExitStatus;
import dev.caisson.proto.v1.Input;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A process whose standard streams are ours, over one bidirectional call. Back-pressure goes both
 * ways: the next output is asked for when the last is written, and input is read when the call can
 * take it.
 *
 * <p>Output is written by gRPC's thread, input read by a thread of its own, signals come from any.
 */
final class AttachedCall<Q, R> implements ClientResponseObserver<Q, R> {

  /** What an answer of the service says. */
  sealed interface Answer {
    /** That it is there, not yet that it runs. */
    record Created() implements Answer {}

    /** The process runs. */
    record Started() implements Answer {}

    record Wrote(dev.caisson.proto.v1.Output output) implements Answer {}

    record Exited(ExitStatus status) implements Answer {}
  }

  /**
   * The three streams of the process at our end.
   *
   * @param keys in the input, by which the process is left; absent where it is no terminal
   */
  record Streams(InputStream in, OutputStream out, OutputStream err, Optional<DetachKeys> keys) {
    static Streams ofThisProcess(boolean withInput) {
      return new Streams(
          withInput ? System.in : InputStream.nullInputStream(),
          new java.io.FileOutputStream(java.io.FileDescriptor.out),
          new java.io.FileOutputStream(java.io.FileDescriptor.err),
          Optional.empty());
    }
  }

  /** Bytes: the largest piece of input that the service takes. */
  private static final int INPUT_PIECE = 64 << 10;

  private static final int SIGPIPE = 13;

  private final Streams streams;
  private final Function<Input, Q> toRequest;
  private final Function<R, Answer> toAnswer;
  private final CompletableFuture<Optional<ExitStatus>> end = new CompletableFuture<>();
  private final List<Input> heldUntilStart = new ArrayList<>();
  private final Object lock = new Object();
  private @Nullable ClientCallStreamObserver<Q> requests;
  private boolean started;
  private boolean inputEnded;
  private boolean outputBroken;
  private boolean detached;

  AttachedCall(Streams streams, Function<Input, Q> toRequest, Function<R, Answer> toAnswer) {
    this.streams = streams;
    this.toRequest = toRequest;
    this.toAnswer = toAnswer;
  }

  /** Runs the call to its end; absent where that is not the process's. */
  Optional<ExitStatus> run(Function<StreamObserver<R>, StreamObserver<Q>> rpc, Q first) {
    begin(rpc, first);
    return runWithInput();
  }

  /**
   * The same of a process that runs already.
   *
   * @param withInput whether ours is passed on; otherwise the process's does not end by us
   */
  Optional<ExitStatus> runStarted(
      Function<StreamObserver<R>, StreamObserver<Q>> rpc, Q first, boolean withInput) {
    begin(rpc, first);
    sendHeld();
    return withInput ? runWithInput() : await();
  }

  private Optional<ExitStatus> runWithInput() {
    Thread.ofPlatform().daemon().name("stdin").start(this::sendInput);
    return await();
  }

  private Optional<ExitStatus> await() {
    try {
      return end.join();
    } catch (CompletionException failed) {
      throw failed.getCause() instanceof RuntimeException cause ? cause : failed;
    }
  }

  private void begin(Function<StreamObserver<R>, StreamObserver<Q>> rpc, Q first) {
    StreamObserver<Q> opened = rpc.apply(this);
    synchronized (lock) {
      if (end.isDone()) {
        stream().cancel("interrupted", null);
      } else {
        opened.onNext(first);
      }
    }
  }

  /** Passes a signal on to the process, as soon as it runs. */
  void signal(int number) {
    sendOnceStarted(Input.newBuilder().setSignal(number).build());
  }

  /**
   * Passes a signal on to the process that runs; before, there is nobody but us to end by it, and
   * the call is given up. What it may have made by then ends with its lease.
   */
  void signalOrCancel(int number) {
    synchronized (lock) {
      if (started) {
        signal(number);
        return;
      }
      end.complete(Optional.of(ExitStatus.newBuilder().setSignal(number).build()));
      if (requests != null) {
        requests.cancel("interrupted", null);
      }
      lock.notifyAll();
    }
  }

  /** Tells the process's terminal its new size, as soon as it runs. */
  void resize(ConsoleSize size) {
    sendOnceStarted(Input.newBuilder().setResize(size).build());
  }

  private void sendOnceStarted(Input input) {
    synchronized (lock) {
      if (started) {
        send(input);
      } else {
        heldUntilStart.add(input);
      }
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> stream) {
    stream.disableAutoRequestWithInitial(1);
    stream.setOnReadyHandler(this::wake);
    synchronized (lock) {
      requests = stream;
    }
  }

  @Override
  public void onNext(R message) {
    Answer answer;
    try {
      answer = toAnswer.apply(message);
    } catch (CliException failed) {
      end.completeExceptionally(failed);
      stream().cancel("what was started could not be told", failed);
      return;
    }
    switch (answer) {
      case Answer.Created _ -> {}
      case Answer.Started _ -> sendHeld();
      case Answer.Wrote wrote -> write(wrote.output());
      case Answer.Exited exited -> end.complete(Optional.of(exited.status()));
    }
    stream().request(1);
  }

  @Override
  public void onError(Throwable failure) {
    end.completeExceptionally(failure);
    wake();
  }

  @Override
  public void onCompleted() {
    if (hasDetached()) {
      end.complete(Optional.empty());
    }
    end.completeExceptionally(
        Status.INTERNAL
            .withDescription("The call ended without an exit status")
            .asRuntimeException());
    wake();
  }

  /** Whether the process ran, as far as was told. */
  boolean hasStarted() {
    synchronized (lock) {
      return started;
    }
  }

  private boolean hasDetached() {
    synchronized (lock) {
      return detached;
    }
  }

  private void sendHeld() {
    synchronized (lock) {
      started = true;
      heldUntilStart.forEach(this::send);
      heldUntilStart.clear();
    }
  }

  private void write(dev.caisson.proto.v1.Output output) {
    if (outputBroken) {
      return;
    }
    try {
      switch (output.getStream()) {
        case STDERR -> output.getData().writeTo(streams.err());
        case STDOUT, STREAM_UNSPECIFIED, UNRECOGNIZED -> output.getData().writeTo(streams.out());
      }
    } catch (IOException readerGone) {
      // As if the process had written into the broken pipe itself.
      outputBroken = true;
      signal(SIGPIPE);
    }
  }

  private void sendInput() {
    byte[] piece = new byte[INPUT_PIECE];
    try {
      for (int read = streams.in().read(piece); read >= 0; read = streams.in().read(piece)) {
        pass(piece, read);
      }
    } catch (IOException closed) {
      // Input that cannot be read is input that has ended.
    }
    streams.keys().map(DetachKeys::rest).map(ByteString::copyFrom).ifPresent(this::sendInput);
    sendWhenReady(Input.newBuilder().setStdinEof(true).build());
    synchronized (lock) {
      inputEnded = true;
    }
  }

  private void pass(byte[] piece, int count) {
    Optional<DetachKeys> keys = streams.keys();
    sendInput(
        keys.map(some -> ByteString.copyFrom(some.pass(piece, count)))
            .orElseGet(() -> ByteString.copyFrom(piece, 0, count)));
    if (keys.isPresent() && keys.get().isComplete()) {
      detach();
    }
  }

  /** The last of what is sent. */
  private void detach() {
    synchronized (lock) {
      sendWhenReady(Input.newBuilder().setDetach(true).build());
      detached = true;
      inputEnded = true;
    }
  }

  private void sendInput(ByteString data) {
    if (!data.isEmpty()) {
      sendWhenReady(Input.newBuilder().setStdin(data).build());
    }
  }

  private void sendWhenReady(Input input) {
    synchronized (lock) {
      awaitReady();
      if (!inputEnded) {
        send(input);
      }
    }
  }

  /** Under the lock. */
  private void awaitReady() {
    try {
      while (!stream().isReady() && !end.isDone()) {
        lock.wait();
      }
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      inputEnded = true;
    }
  }

  /** Under the lock: the stream takes one writer at a time. */
  private void send(Input input) {
    if (!end.isDone() && !detached) {
      stream().onNext(toRequest.apply(input));
    }
  }

  private void wake() {
    synchronized (lock) {
      lock.notifyAll();
    }
  }

  private ClientCallStreamObserver<Q> stream() {
    return java.util.Objects.requireNonNull(requests, "the call was not begun");
  }
}
