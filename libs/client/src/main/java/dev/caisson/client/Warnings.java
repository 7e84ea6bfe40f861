package dev.caisson.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** What the operator's policies warn of, told beside the answer. */
final class Warnings implements ClientInterceptor {
  private static final Metadata.Key<byte[]> WARNING =
      Metadata.Key.of("caisson-warning-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final Consumer<String> listener;

  Warnings(Consumer<String> listener) {
    this.listener = listener;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<A> answers, Metadata headers) {
        super.start(new Telling<>(answers), headers);
      }
    };
  }

  private final class Telling<A> extends SimpleForwardingClientCallListener<A> {

    Telling(ClientCall.Listener<A> answers) {
      super(answers);
    }

    @Override
    public void onHeaders(Metadata headers) {
      tell(headers);
      super.onHeaders(headers);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      try {
        tell(trailers);
      } finally {
        super.onClose(status, trailers); // else whoever waits for the end never hears of it
      }
    }

    private void tell(Metadata metadata) {
      Iterable<byte[]> warnings = metadata.getAll(WARNING);
      if (warnings != null) {
        warnings.forEach(one -> listener.accept(new String(one, StandardCharsets.UTF_8)));
      }
    }
  }
}
