package dev.caisson.rpc;

import io.grpc.StatusRuntimeException;
import org.jspecify.annotations.Nullable;

/** How a service's own exceptions read on the wire: one for each service. */
@FunctionalInterface
public interface ErrorMapper {
  /** The answer, made with {@link RpcErrors#of}; null for an exception that is a defect. */
  @Nullable StatusRuntimeException map(Throwable error);

  /** A service whose only deliberate errors are gRPC's own. */
  static ErrorMapper none() {
    return error -> null;
  }
}
