package dev.caisson.client;

import dev.caisson.proto.v1.CreateContainerRequest;
import dev.caisson.proto.v1.CreateSandboxRequest;
import dev.caisson.proto.v1.DeleteContainerRequest;
import dev.caisson.proto.v1.DeleteSandboxRequest;
import dev.caisson.proto.v1.ExecContainerRequest;
import dev.caisson.proto.v1.PauseContainerRequest;
import dev.caisson.proto.v1.ResumeContainerRequest;
import dev.caisson.proto.v1.RunContainerRequest;
import dev.caisson.proto.v1.SignalContainerRequest;
import dev.caisson.proto.v1.StartContainerRequest;
import dev.caisson.proto.v1.UpdateContainerRequest;
import dev.caisson.proto.v1.UpdateSandboxRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.MethodDescriptor;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Gives each mutation without a {@code request_id} one, above where the channel makes a call again:
 * so every attempt has the same, and what was done is not done twice.
 */
final class RequestIds implements ClientInterceptor {
  private final Supplier<String> ids;

  /**
   * @param ids no two alike
   */
  RequestIds(Supplier<String> ids) {
    this.ids = ids;
  }

  static RequestIds random() {
    return new RequestIds(() -> UUID.randomUUID().toString());
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void sendMessage(Q message) {
        super.sendMessage(named(message));
      }
    };
  }

  /** The same message, with an id where it can have one and has none. */
  @SuppressWarnings("unchecked") // what is given comes back with one field set
  <Q> Q named(Q message) {
    return (Q) withId(message);
  }

  /** Not by descriptors: making those of the API takes longer than a call. */
  private Object withId(Object message) {
    return switch (message) {
      case CreateSandboxRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case UpdateSandboxRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case DeleteSandboxRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case CreateContainerRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case StartContainerRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case SignalContainerRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case PauseContainerRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case ResumeContainerRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case UpdateContainerRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case DeleteContainerRequest one when one.getRequestId().isEmpty() ->
          one.toBuilder().setRequestId(ids.get()).build();
      case RunContainerRequest one
          when one.hasCreate() && one.getCreate().getRequestId().isEmpty() ->
          run(one.toBuilder());
      case ExecContainerRequest one when one.hasExec() && one.getExec().getRequestId().isEmpty() ->
          exec(one.toBuilder());
      default -> message;
    };
  }

  private RunContainerRequest run(RunContainerRequest.Builder run) {
    run.getCreateBuilder().setRequestId(ids.get());
    return run.build();
  }

  private ExecContainerRequest exec(ExecContainerRequest.Builder exec) {
    exec.getExecBuilder().setRequestId(ids.get());
    return exec.build();
  }
}
