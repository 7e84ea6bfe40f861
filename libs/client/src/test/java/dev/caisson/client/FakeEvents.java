package dev.caisson.client;

import dev.caisson.proto.events.v1.Event;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.WatchEventsRequest;
import dev.caisson.proto.v1.WatchEventsResponse;
import dev.caisson.rpc.RpcErrors;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A journal of {@link #TOTAL} events, the cursor after the n-th of which is {@code 1.n}. Each call
 * takes the next of {@link #ends}: after so many events it is ended so; the last one completes.
 */
final class FakeEvents extends EventsGrpc.EventsImplBase {
  static final int TOTAL = 200;

  /** So that a server cannot send all of them ahead of who takes them. */
  private static final String LONG = "n".repeat(8 << 10);

  /** How a call ends. */
  record End(int events, StatusRuntimeException failure) {}

  final Queue<End> ends = new ConcurrentLinkedQueue<>();
  final List<String> cursors = new CopyOnWriteArrayList<>();

  /** As many at the beginning are not for this watch: it has a bookmark in place of each. */
  volatile int others;

  /** What the headers say of where a watch begins; empty: nothing. */
  volatile String told = "";

  static StatusRuntimeException failure(Status.Code code, String reason) {
    return RpcErrors.of(code, "caisson.dev", reason, "It is so", Map.of());
  }

  /** The executor went away. */
  static End away(int events) {
    return new End(events, failure(Status.Code.UNAVAILABLE, "EXECUTOR_UNAVAILABLE"));
  }

  @Override
  public void watchEvents(WatchEventsRequest request, StreamObserver<WatchEventsResponse> answers) {
    cursors.add(request.getCursor());
    End end = ends.poll();
    new Sending((ServerCallStreamObserver<WatchEventsResponse>) answers, end, start(request))
        .begin();
  }

  private static int start(WatchEventsRequest request) {
    String cursor = request.getCursor();
    return cursor.startsWith("1.") ? Integer.parseInt(cursor.substring(2)) : 0;
  }

  static WatchEventsResponse event(int number) {
    return WatchEventsResponse.newBuilder()
        .setEvent(Event.newBuilder().setSeq(number).setNode(LONG))
        .setCursor("1." + number)
        .build();
  }

  private WatchEventsResponse answer(int number) {
    return number <= others
        ? WatchEventsResponse.newBuilder().setCursor("1." + number).build()
        : event(number);
  }

  private final class Sending {
    private final ServerCallStreamObserver<WatchEventsResponse> call;
    private final End end;
    private final int last;
    private int sent;

    Sending(ServerCallStreamObserver<WatchEventsResponse> call, End end, int start) {
      this.call = call;
      this.end = end;
      this.sent = start;
      this.last = end == null ? TOTAL : Math.min(TOTAL, start + end.events());
    }

    void begin() {
      call.setOnReadyHandler(this::send);
    }

    private void send() {
      while (call.isReady() && sent < last) {
        sent++;
        call.onNext(answer(sent));
      }
      if (sent == last) {
        sent++;
        finish();
      }
    }

    private void finish() {
      if (end == null) {
        call.onCompleted();
      } else {
        call.onError(end.failure());
      }
    }
  }

  /** Tells {@link #told} in the headers, before anything else. */
  ServerInterceptor telling() {
    return new ServerInterceptor() {
      @Override
      public <Q, A> ServerCall.Listener<Q> interceptCall(
          ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        return next.startCall(told.isEmpty() ? call : announced(call), headers);
      }
    };
  }

  private <Q, A> ServerCall<Q, A> announced(ServerCall<Q, A> call) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("caisson-cursor", Metadata.ASCII_STRING_MARSHALLER), told);
    call.sendHeaders(headers);
    return new SimpleForwardingServerCall<>(call) {
      @Override
      public void sendHeaders(Metadata later) {}
    };
  }
}
