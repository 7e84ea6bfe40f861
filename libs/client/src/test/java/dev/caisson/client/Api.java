package dev.caisson.client;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.caisson.proto.audit.v1.AuditGrpc;
import dev.caisson.proto.v1.ContainersGrpc;
import dev.caisson.proto.v1.EventsGrpc;
import dev.caisson.proto.v1.SandboxesGrpc;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.PrototypeMarshaller;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** Every method that the client is for. */
final class Api {
  private Api() {}

  static List<MethodDescriptor<?, ?>> methods() {
    return Stream.of(
            SandboxesGrpc.getServiceDescriptor(),
            ContainersGrpc.getServiceDescriptor(),
            EventsGrpc.getServiceDescriptor(),
            AuditGrpc.getServiceDescriptor())
        .map(io.grpc.ServiceDescriptor::getMethods)
        .<MethodDescriptor<?, ?>>flatMap(Collection::stream)
        .toList();
  }

  static Message request(MethodDescriptor<?, ?> method) {
    PrototypeMarshaller<?> marshaller = (PrototypeMarshaller<?>) method.getRequestMarshaller();
    return (Message) Objects.requireNonNull(marshaller.getMessagePrototype());
  }

  /** The field of a message that names the request; of those that begin a stream, one below. */
  static Optional<List<FieldDescriptor>> requestId(Message request) {
    Optional<List<FieldDescriptor>> own = named(request.getDescriptorForType().getFields());
    return own.isPresent()
        ? own
        : request.getDescriptorForType().getFields().stream()
            .filter(field -> field.getJavaType() == FieldDescriptor.JavaType.MESSAGE)
            .filter(field -> field.getContainingOneof() != null)
            .flatMap(field ->
                named(field.getMessageType().getFields()).stream()
                    .map(below -> List.of(field, below.getFirst())))
            .findFirst();
  }

  private static Optional<List<FieldDescriptor>> named(List<FieldDescriptor> fields) {
    return fields.stream()
        .filter(field -> field.getName().equals("request_id"))
        .findFirst()
        .map(List::of);
  }
}
