package dev.caisson.executor.rpc;

import com.google.protobuf.ByteString;
import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.sandbox.PortForward;
import dev.caisson.executor.stdio.Connection;
import dev.caisson.proto.executor.v1.EndOfData;
import dev.caisson.proto.executor.v1.PortForwardRequest;
import dev.caisson.proto.executor.v1.PortForwardResponse;
import dev.caisson.proto.executor.v1.PortOpened;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A call that carries one forwarded connection.
 *
 * <p>Back-pressure: bytes are read from the socket only while the client takes them, and the next
 * message is asked for when the socket has taken the one before.
 */
final class ForwardCall implements StreamObserver<PortForwardRequest>, Connection.Reader {
  private final ServerCallStreamObserver<PortForwardResponse> client;
  private final Function<PortForwardRequest, PortForward> opening;
  private final Consumer<PortForwardRequest> check;

  /** Answers come from several threads, and none after the end. */
  private final Object answering = new Object();

  private boolean ended;
  private volatile @Nullable PortForward forward;

  private ForwardCall(
      ServerCallStreamObserver<PortForwardResponse> client,
      Function<PortForwardRequest, PortForward> opening,
      Consumer<PortForwardRequest> check) {
    this.client = client;
    this.opening = opening;
    this.check = check;
  }

  /**
   * To be returned by the service's method.
   *
   * @param opening acts on the first message
   * @param check of each later one
   */
  static StreamObserver<PortForwardRequest> of(
      StreamObserver<PortForwardResponse> responses,
      Function<PortForwardRequest, PortForward> opening,
      Consumer<PortForwardRequest> check) {
    var client = (ServerCallStreamObserver<PortForwardResponse>) responses;
    ForwardCall call = new ForwardCall(client, opening, check);
    client.disableAutoRequest();
    client.setOnReadyHandler(call::resume);
    client.setOnCancelHandler(call::left);
    client.request(1);
    return call;
  }

  @Override
  public void onNext(PortForwardRequest message) {
    PortForward present = forward;
    try {
      if (present == null) {
        begin(opening.apply(message));
      } else {
        check.accept(message);
        present.connection().write(message.getData(), () -> client.request(1));
      }
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  private void begin(PortForward opened) {
    forward = opened;
    var _ = opened.end().thenAccept(this::finish);
    PortOpened told = PortOpened.newBuilder().setId(opened.id()).build();
    answer(PortForwardResponse.newBuilder().setOpened(told).build());
    opened.connection().begin(this);
    if (client.isCancelled()) {
      left();
    }
    client.request(1);
  }

  private void answer(PortForwardResponse message) {
    synchronized (answering) {
      if (!ended) {
        client.onNext(message);
      }
    }
  }

  private void finish(Optional<Refusal> problem) {
    synchronized (answering) {
      if (!ended) {
        ended = true;
        problem.ifPresentOrElse(
            refusal -> client.onError(ErrorMapping.of(refusal)), client::onCompleted);
      }
    }
  }

  private void fail(RuntimeException e) {
    synchronized (answering) {
      if (!ended) {
        ended = true;
        client.onError(ErrorMapping.status(e));
      }
    }
    leave();
  }

  private void left() {
    synchronized (answering) {
      ended = true;
    }
    leave();
  }

  private void leave() {
    PortForward present = forward;
    if (present != null) {
      present.connection().close(Connection.End.LEFT);
    }
  }

  @Override
  public void onError(Throwable t) {
    left();
  }

  /** The client has no more to send; what comes for it goes on. */
  @Override
  public void onCompleted() {
    PortForward present = forward;
    if (present == null) {
      fail(ErrorMapping.invalidForward());
    } else {
      present.connection().finish();
    }
  }

  private void resume() {
    PortForward present = forward;
    if (present != null) {
      present.connection().resume();
    }
  }

  @Override
  public boolean isReady() {
    return client.isReady();
  }

  @Override
  public void data(ByteString data) {
    answer(PortForwardResponse.newBuilder().setData(data).build());
  }

  @Override
  public void endOfData() {
    answer(PortForwardResponse.newBuilder().setEndOfData(EndOfData.getDefaultInstance()).build());
  }
}
