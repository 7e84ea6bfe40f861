package dev.caisson.cli;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** What the operator's policies warn of, told beside the answer. */
final class PolicyWarnings implements ClientInterceptor {
  private static final Metadata.Key<byte[]> WARNING =
      Metadata.Key.of("caisson-warning-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final PrintWriter err;

  PolicyWarnings(PrintWriter err) {
    this.err = err;
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        super.start(new Telling<>(listener), headers);
      }
    };
  }

  private final class Telling<A> extends SimpleForwardingClientCallListener<A> {

    Telling(ClientCall.Listener<A> listener) {
      super(listener);
    }

    @Override
    public void onHeaders(Metadata headers) {
      tell(headers);
      super.onHeaders(headers);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      tell(trailers);
      super.onClose(status, trailers);
    }

    private void tell(Metadata metadata) {
      Iterable<byte[]> warnings = metadata.getAll(WARNING);
      if (warnings != null) {
        warnings.forEach(
            one -> err.println("warning: policy " + new String(one, StandardCharsets.UTF_8)));
        err.flush();
      }
    }
  }
}
