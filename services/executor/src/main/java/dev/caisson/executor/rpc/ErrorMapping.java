package dev.caisson.executor.rpc;

import dev.caisson.executor.refusal.Refusal;
import dev.caisson.executor.refusal.RefusedException;
import dev.caisson.executor.sandbox.Problems;
import dev.caisson.proto.executor.v1.Reason;
import dev.caisson.rpc.RpcErrors;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.lang.System.Logger.Level;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The executor's problems as callers read them: a canonical code, an ErrorInfo, a sentence. */
public final class ErrorMapping {
  public static final String DOMAIN = "executor.caisson.dev";

  private static final System.Logger LOG = System.getLogger(ErrorMapping.class.getName());

  private ErrorMapping() {}

  static StatusRuntimeException of(Refusal refusal) {
    return RpcErrors.of(
        Status.fromCodeValue(Problems.code(refusal.reason()).getNumber()).getCode(),
        DOMAIN,
        refusal.reason().name(),
        refusal.message(),
        refusal.metadata());
  }

  /** Null for a defect, which the server logs and hides. */
  public static @Nullable StatusRuntimeException map(Throwable error) {
    if (!(error instanceof RuntimeException failure) || failure instanceof StatusRuntimeException) {
      return null;
    }
    Refusal refusal = Problems.of(failure);
    return refusal.reason() == Reason.INTERNAL ? null : of(refusal);
  }

  /** For a stream that is answered outside of the server's own mapping. */
  static StatusRuntimeException status(RuntimeException error) {
    if (error instanceof StatusRuntimeException status) {
      return status;
    }
    Refusal refusal = Problems.of(error);
    if (refusal.reason() == Reason.INTERNAL) {
      LOG.log(Level.ERROR, "A call failed", error);
    }
    return of(refusal);
  }

  static RefusedException invalidForward() {
    return new Refusal(
            Reason.INVALID_SPEC,
            "The first message of the stream must say which port is to be forwarded, each later one must be data.",
            Map.of("field", "message"))
        .exception();
  }

  static RefusedException invalidStream() {
    return new Refusal(
            Reason.INVALID_SPEC,
            "The first message of the stream must say what is to be done, each later one must be input.",
            Map.of("field", "message"))
        .exception();
  }
}
