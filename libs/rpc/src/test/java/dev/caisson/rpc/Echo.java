package dev.caisson.rpc;

import com.google.protobuf.Any;
import io.grpc.BindableService;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import java.util.Iterator;

/** A service of two methods, for the tests: each passes its call on to what it was made with. */
record Echo(ServerCalls.UnaryMethod<Any, Any> one, ServerCalls.ServerStreamingMethod<Any, Any> many)
    implements BindableService {
  private static final MethodDescriptor<Any, Any> ONE = method(MethodType.UNARY, "One");
  private static final MethodDescriptor<Any, Any> MANY =
      method(MethodType.SERVER_STREAMING, "Many");

  static Echo unary(ServerCalls.UnaryMethod<Any, Any> method) {
    return new Echo(method, (request, responses) -> responses.onCompleted());
  }

  static Echo streaming(ServerCalls.ServerStreamingMethod<Any, Any> method) {
    return new Echo((request, responses) -> responses.onCompleted(), method);
  }

  static Any callOne(Channel channel) {
    return ClientCalls.blockingUnaryCall(
        channel, ONE, CallOptions.DEFAULT, Any.getDefaultInstance());
  }

  static Iterator<Any> callMany(Channel channel) {
    return ClientCalls.blockingServerStreamingCall(
        channel, MANY, CallOptions.DEFAULT, Any.getDefaultInstance());
  }

  @Override
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder("caisson.test.Echo")
        .addMethod(ONE, ServerCalls.asyncUnaryCall(one))
        .addMethod(MANY, ServerCalls.asyncServerStreamingCall(many))
        .build();
  }

  private static MethodDescriptor<Any, Any> method(MethodType type, String name) {
    return MethodDescriptor.<Any, Any>newBuilder()
        .setType(type)
        .setFullMethodName(MethodDescriptor.generateFullMethodName("caisson.test.Echo", name))
        .setRequestMarshaller(ProtoUtils.marshaller(Any.getDefaultInstance()))
        .setResponseMarshaller(ProtoUtils.marshaller(Any.getDefaultInstance()))
        .build();
  }
}
