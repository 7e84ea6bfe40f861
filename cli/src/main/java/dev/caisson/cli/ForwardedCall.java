package dev.caisson.cli;

import com.google.protobuf.ByteString;
import dev.caisson.proto.v1.ForwardPort;
import dev.caisson.proto.v1.PortForwardRequest;
import dev.caisson.proto.v1.PortForwardResponse;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a port of a container, over one call. Back-pressure goes both ways: the next
 * bytes are asked for when the last are written, and ours are read when the call can take them.
 *
 * <p>What comes is written by gRPC's thread, what goes is read by a thread of its own.
 */
final class ForwardedCall
    implements ClientResponseObserver<PortForwardRequest, PortForwardResponse> {
  /** Bytes: the largest piece that the service takes. */
  private static final int PIECE = 16 << 10;

  private final Ends ends;
  private final CompletableFuture<@Nullable Void> end = new CompletableFuture<>();
  private final Object lock = new Object();
  private @Nullable ClientCallStreamObserver<PortForwardRequest> call;

  /** Our end of the connection. */
  interface Ends {
    InputStream in() throws IOException;

    OutputStream out() throws IOException;

    /** Nothing more is written; what is read still may be. */
    void endOutput() throws IOException;

    static Ends of(Socket socket) {
      return new Ends() {
        @Override
        public InputStream in() throws IOException {
          return socket.getInputStream();
        }

        @Override
        public OutputStream out() throws IOException {
          return socket.getOutputStream();
        }

        @Override
        public void endOutput() throws IOException {
          socket.shutdownOutput();
        }
      };
    }

    static Ends of(InputStream in, OutputStream out) {
      return new Ends() {
        @Override
        public InputStream in() {
          return in;
        }

        @Override
        public OutputStream out() {
          return out;
        }

        @Override
        public void endOutput() throws IOException {
          out.close();
        }
      };
    }
  }

  ForwardedCall(Ends ends) {
    this.ends = ends;
  }

  /**
   * Carries bytes until both sides have no more, or ours is gone.
   *
   * @throws io.grpc.StatusRuntimeException if the service ends it otherwise
   */
  void run(Target target, String name, int port) {
    var requests = target.streaming().portForward(this);
    requests.onNext(
        PortForwardRequest.newBuilder()
            .setForward(ForwardPort.newBuilder().setName(name).setPort(port))
            .build());
    Thread.ofVirtual().start(this::sendAll);
    try {
      end.join();
    } catch (CompletionException failed) {
      throw failed.getCause() instanceof RuntimeException cause ? cause : failed;
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<PortForwardRequest> started) {
    started.disableAutoRequestWithInitial(1);
    started.setOnReadyHandler(this::wake);
    call = started;
  }

  @Override
  public void onNext(PortForwardResponse message) {
    try {
      switch (message.getMessageCase()) {
        case DATA -> {
          OutputStream out = ends.out();
          message.getData().writeTo(out);
          out.flush();
        }
        case END_OF_DATA -> ends.endOutput();
        case OPENED, MESSAGE_NOT_SET -> {}
      }
      call().request(1);
    } catch (IOException gone) {
      giveUp(gone);
    }
  }

  @Override
  public void onError(Throwable failure) {
    end.completeExceptionally(failure);
    wake();
  }

  @Override
  public void onCompleted() {
    end.complete(null);
    wake();
  }

  private void sendAll() {
    byte[] piece = new byte[PIECE];
    try {
      InputStream in = ends.in();
      for (int read = in.read(piece); read >= 0; read = in.read(piece)) {
        send(ByteString.copyFrom(piece, 0, read));
      }
    } catch (IOException gone) {
      giveUp(gone);
      return;
    }
    synchronized (lock) {
      if (!end.isDone()) {
        call().onCompleted();
      }
    }
  }

  private void send(ByteString data) throws IOException {
    synchronized (lock) {
      try {
        while (!call().isReady() && !end.isDone()) {
          lock.wait();
        }
      } catch (InterruptedException stop) {
        Thread.currentThread().interrupt();
        throw new IOException(stop);
      }
      if (!end.isDone()) {
        call().onNext(PortForwardRequest.newBuilder().setData(data).build());
      }
    }
  }

  /** Whoever was at our end is gone: so is the connection, and nobody need be told. */
  private void giveUp(IOException gone) {
    synchronized (lock) {
      if (end.complete(null)) {
        call().cancel("our end is gone", gone);
      }
    }
    wake();
  }

  private void wake() {
    synchronized (lock) {
      lock.notifyAll();
    }
  }

  private ClientCallStreamObserver<PortForwardRequest> call() {
    return Objects.requireNonNull(call, "the call was not begun");
  }
}
