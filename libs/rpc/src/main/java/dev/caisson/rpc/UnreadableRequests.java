package dev.caisson.rpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServiceDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Answers a request that cannot be decoded as the mistake that it is. gRPC itself calls it
 * INTERNAL, in a few words, and logs each with its stack: a caller could fill the log.
 */
final class UnreadableRequests implements ServerInterceptor {
  static final String REASON = "UNREADABLE_REQUEST";

  /** gRPC decodes a message and hands it over on one thread, with nothing in between. */
  private static final ThreadLocal<@Nullable Throwable> FAILURE = new ThreadLocal<>();

  private final String domain;

  UnreadableRequests(String domain) {
    this.domain = domain;
  }

  /** The same service, for this interceptor. */
  static ServerServiceDefinition marked(ServerServiceDefinition service) {
    List<ServerMethodDefinition<?, ?>> methods = new ArrayList<>();
    ServiceDescriptor.Builder descriptor =
        ServiceDescriptor.newBuilder(service.getServiceDescriptor().getName())
            .setSchemaDescriptor(service.getServiceDescriptor().getSchemaDescriptor());
    for (ServerMethodDefinition<?, ?> method : service.getMethods()) {
      ServerMethodDefinition<?, ?> marked = marked(method);
      methods.add(marked);
      descriptor.addMethod(marked.getMethodDescriptor());
    }
    ServerServiceDefinition.Builder made = ServerServiceDefinition.builder(descriptor.build());
    methods.forEach(made::addMethod);
    return made.build();
  }

  private static <Q, A> ServerMethodDefinition<Q, A> marked(ServerMethodDefinition<Q, A> method) {
    MethodDescriptor<Q, A> descriptor = method.getMethodDescriptor();
    PrototypeMarshaller<Q> marshaller = (PrototypeMarshaller<Q>) descriptor.getRequestMarshaller();
    return ServerMethodDefinition.create(
        descriptor.toBuilder().setRequestMarshaller(new Marking<>(marshaller)).build(),
        method.getServerCallHandler());
  }

  private record Marking<Q>(PrototypeMarshaller<Q> marshaller) implements PrototypeMarshaller<Q> {
    @Override
    public Q parse(InputStream stream) {
      try {
        return marshaller.parse(stream);
      } catch (StatusRuntimeException e) {
        FAILURE.set(e.getCause() == null ? e : e.getCause());
        return Objects.requireNonNull(marshaller.getMessagePrototype());
      }
    }

    @Override
    public InputStream stream(Q value) {
      return marshaller.stream(value);
    }

    @Override
    public @Nullable Q getMessagePrototype() {
      return marshaller.getMessagePrototype();
    }

    @Override
    public Class<Q> getMessageClass() {
      return marshaller.getMessageClass();
    }
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      private boolean refused;

      @Override
      public void onMessage(Q message) {
        Throwable failure = FAILURE.get();
        FAILURE.remove();
        if (failure != null) {
          refused = true;
          throw refusal(failure);
        }
        if (!refused) {
          super.onMessage(message);
        }
      }

      @Override
      public void onHalfClose() {
        if (!refused) {
          super.onHalfClose();
        }
      }

      // gRPC calls it complete; for the service, its caller broke off.
      @Override
      public void onComplete() {
        if (refused) {
          super.onCancel();
        } else {
          super.onComplete();
        }
      }
    };
  }

  private StatusRuntimeException refusal(Throwable failure) {
    return RpcErrors.of(
        Status.Code.INVALID_ARGUMENT,
        domain,
        REASON,
        "The request must be a message of this method, nested at most 100 deep, its texts in UTF-8: "
            + failure.getMessage(),
        Map.of());
  }
}
