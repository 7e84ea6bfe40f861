package dev.caisson.gateway.admission;

import dev.caisson.proto.v1.Reason;
import dev.caisson.rpc.RpcErrors;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.function.Consumer;

/** Tells of a refusal for a quota that the executor has counted. */
final class ExceededCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
  private final Consumer<StatusRuntimeException> exceeded;

  ExceededCall(ServerCall<Q, A> call, Consumer<StatusRuntimeException> exceeded) {
    super(call);
    this.exceeded = exceeded;
  }

  @Override
  public void close(Status status, Metadata trailers) {
    if (status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
      StatusRuntimeException refusal = status.asRuntimeException(trailers);
      RpcErrors.info(refusal)
          .filter(info -> info.getReason().equals(Reason.QUOTA_EXCEEDED.name()))
          .ifPresent(info -> exceeded.accept(refusal));
    }
    super.close(status, trailers);
  }
}
