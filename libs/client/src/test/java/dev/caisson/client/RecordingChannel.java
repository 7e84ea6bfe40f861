package dev.caisson.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;

/** Remembers what would be called, and answers nothing by itself. */
final class RecordingChannel extends Channel {
  final List<String> methods = new ArrayList<>();
  final List<CallOptions> options = new ArrayList<>();
  final List<Object> sent = new ArrayList<>();
  final List<ClientCall.Listener<?>> listeners = new ArrayList<>();

  /** In which calls were made and started. */
  final List<Context> contexts = new ArrayList<>();

  /** What calls were asked for, in order. */
  final List<String> steps = new ArrayList<>();

  /** Ends the last call. */
  void end(Status status, Metadata trailers) {
    listeners.getLast().onClose(status, trailers);
  }

  @Override
  public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions made) {
    methods.add(method.getFullMethodName());
    options.add(made);
    contexts.add(Context.current());
    return new ClientCall<>() {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        listeners.add(listener);
        contexts.add(Context.current());
      }

      @Override
      public void request(int messages) {
        steps.add("request");
      }

      @Override
      public void cancel(String message, Throwable cause) {
        steps.add("cancel");
      }

      @Override
      public void halfClose() {}

      @Override
      public void sendMessage(Q message) {
        sent.add(message);
        steps.add("send");
      }
    };
  }

  @Override
  public String authority() {
    return "played";
  }
}
